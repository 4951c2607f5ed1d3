/* The colour map: a straight climb in lightness from a deep purple to a bright yellow, through
 * magenta and orange, in OKLCH (lightness, chroma, hue of the OKLab space), so that equal steps of
 * the value look like equal steps, in print and with any colour vision too.
 *
 * The chroma is a quadratic that stays inside the sRGB gamut along the whole way; nothing is
 * clipped but rounding.
 * OKLab: B. Ottosson, "A perceptual color space for image processing", 2020. sRGB: IEC
 * 61966-2-1. */
#include <advect/extra/plot.h>

#include <math.h>

struct lch {
    double lightness, chroma, hue; /* hue in radians */
};

static struct lch ramp(double t)
{
    return (struct lch){
        .lightness = 0.26 + 0.68 * t,
        .chroma = 0.130 + 0.025 * t + 0.100 * t * (1 - t),
        .hue = (295 + 173 * t) * M_PI / 180,
    };
}

static uint8_t encode(double linear)
{
    double clamped = fmin(fmax(linear, 0), 1);
    double encoded = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * pow(clamped, 1 / 2.4) - 0.055;
    return (uint8_t)lround(255 * encoded);
}

static double cube(double x)
{
    return x * x * x;
}

void adv_plot_colour(double value, uint8_t rgb[3])
{
    struct lch c = ramp(fmin(fmax(value, 0), 1));
    double a = c.chroma * cos(c.hue), b = c.chroma * sin(c.hue);

    /* OKLab -> cone responses -> linear sRGB */
    double l = cube(c.lightness + 0.3963377774 * a + 0.2158037573 * b);
    double m = cube(c.lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(c.lightness - 0.0894841775 * a - 1.2914855480 * b);
    rgb[0] = encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    rgb[1] = encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    rgb[2] = encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}
