/* The report as one HTML file: style, tables and pictures are in it. */
#include "trainer/report/report.h"

#include <advect/array_file.h>
#include <advect/extra/bytes.h>
#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c1c1e;background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "td,th{padding:.2rem .8rem;border-bottom:1px solid #dcdce0;text-align:right}"
    "td:first-child,th:first-child{text-align:left}img{max-width:100%;height:auto}"
    "pre{background:#f5f5f7;padding:1rem;overflow-x:auto;font-size:.85rem}.quiet{color:#6e6e73}";

static void print_text(FILE *out, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void print_cell(FILE *out, const char *format, double value)
{
    fputs("<td>", out);
    if (isfinite(value))
        fprintf(out, format, value);
    else
        fputs("&ndash;", out);
    fputs("</td>", out);
}

/* ---------------------------------------------------------------- parts */

static void print_nll_row(FILE *out, const char *name, const json_t *of)
{
    const json_t *gain = json_object_get(of, "gain");
    fputs("<tr><td>", out);
    print_text(out, name);
    fputs("</td>", out);
    print_cell(out, "%.4f", adv_report_number(of, "mean"));
    print_cell(out, "%.4f", adv_report_number(of, "standard_error"));
    print_cell(out, "%+.4f", adv_report_number(gain, "mean"));
    print_cell(out, "%.4f", adv_report_number(gain, "standard_error"));
    fputs("<td>", out);
    print_text(out, gain ? adv_report_verdict(gain) : "");
    fputs("</td></tr>\n", out);
}

static void print_densities(FILE *out, const json_t *nll)
{
    const json_t *mixture = json_object_get(nll, "mixture");
    long long n = (long long)json_integer_value(json_object_get(mixture, "components"));
    fprintf(out,
            "<h2>Negative log-density of held-out rows</h2>\n<p class=\"quiet\">Mean over %lld "
            "rows that no gradient has seen, in nats; less is better. They chose the weights that "
            "were kept and the number of Gaussians, so all of it is a little too good. The gain is "
            "the model's over that row, and its error that of the mean difference.</p>\n<table>"
            "<tr><th></th><th>mean</th><th>standard error</th><th>gain</th><th>standard error</th>"
            "<th>the model is</th></tr>\n",
            (long long)json_integer_value(json_object_get(nll, "rows")));
    print_nll_row(out, "this model", json_object_get(nll, "model"));
    print_nll_row(out, adv_report_baseline(nll, "gaussian").text, json_object_get(nll, "gaussian"));
    if (n > 1)
        print_nll_row(out, adv_report_baseline(nll, "mixture").text, mixture);
    fputs("</table>\n", out);
}

static void print_column(FILE *out, const json_t *column)
{
    const json_t *data = json_object_get(column, "data"),
                 *samples = json_object_get(column, "samples");
    fputs("<tr><td>", out);
    print_text(out, json_string_value(json_object_get(column, "name")));
    fputs("</td>", out);
    print_cell(out, "%.5g", adv_report_number(data, "mean"));
    print_cell(out, "%.5g", adv_report_number(samples, "mean"));
    print_cell(out, "%.5g", adv_report_number(data, "standard_deviation"));
    print_cell(out, "%.5g", adv_report_number(samples, "standard_deviation"));
    print_cell(out, "%.3f", adv_report_number(column, "ks_distance"));
    print_cell(out, "%.3f", adv_report_number(column, "p_value"));
    fputs("</tr>\n", out);
}

static void print_columns(FILE *out, const json_t *report)
{
    size_t i;
    json_t *column;
    fputs("<h2>Columns: samples beside ", out);
    print_text(out, json_string_value(json_object_get(report, "compared_with")));
    fputs("</h2>\n<table><tr><th>column</th><th>mean</th><th>of samples</th><th>std. dev.</th>"
          "<th>of samples</th><th>KS distance</th><th>p-value</th></tr>\n",
          out);
    json_array_foreach(json_object_get(report, "columns"), i, column)
    {
        print_column(out, column);
    }
    fputs("</table>\n", out);
}

static void print_classifier(FILE *out, const json_t *classifier)
{
    if (!json_is_object(classifier))
        return;
    fprintf(out,
            "<h2>Can a classifier tell samples from data?</h2>\n<p>A small network, trained to, is "
            "right in %.1f &plusmn; %.1f %% of cases; 50 %% or less means that it cannot.</p>\n",
            100 * adv_report_number(classifier, "accuracy"),
            100 * adv_report_number(classifier, "standard_error"));
}

static void print_picture(FILE *out, const struct adv_report_picture *picture)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = picture->png;
    fputs("<h2>", out);
    print_text(out, picture->title);
    fputs("</h2>\n<img alt=\"", out);
    print_text(out, picture->title);
    fputs("\" src=\"data:image/png;base64,", out);
    for (size_t i = 0; i < picture->n_bytes; i += 3) {
        size_t left = picture->n_bytes - i;
        unsigned word = (unsigned)bytes[i] << 16;
        word |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        word |= left > 2 ? bytes[i + 2] : 0;
        fputc(digits[word >> 18], out);
        fputc(digits[word >> 12 & 63], out);
        fputc(left > 1 ? digits[word >> 6 & 63] : '=', out);
        fputc(left > 2 ? digits[word & 63] : '=', out);
    }
    fputs("\">\n", out);
}

static void print_recipe(FILE *out, const json_t *recipe)
{
    char *text = recipe ? json_dumps(recipe, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (text) {
        fputs("<h2>Recipe</h2>\n<pre>", out);
        print_text(out, text);
        fputs("</pre>\n", out);
    }
    free(text);
}

static void print_lines(FILE *out, const char *title, const json_t *lines)
{
    size_t i;
    json_t *line;
    if (json_array_size(lines) == 0)
        return;
    fprintf(out, "<h2>%s</h2>\n<ul>", title);
    json_array_foreach((json_t *)lines, i, line)
    {
        fputs("<li>", out);
        print_text(out, json_string_value(line));
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void print_found(FILE *out, const json_t *found)
{
    size_t i;
    json_t *column;
    if (!found)
        return;
    fputs("<h2>Columns of the file</h2>\n<table><tr><th>column</th><th>holds</th><th>least</th>"
          "<th>greatest</th><th>missing</th><th>use</th><th>support</th></tr>\n",
          out);
    json_array_foreach(json_object_get(found, "columns"), i, column)
    {
        static const char *const texts[] = {"use", "support"};
        fputs("<tr><td>", out);
        print_text(out, json_string_value(json_object_get(column, "name")));
        fputs("</td><td>", out);
        print_text(out, json_string_value(json_object_get(column, "kind")));
        fputs("</td>", out);
        print_cell(out, "%.6g", adv_report_number(column, "low"));
        print_cell(out, "%.6g", adv_report_number(column, "high"));
        print_cell(out, "%.0f", adv_report_number(column, "missing"));
        for (size_t k = 0; k < 2; k++) {
            fputs("<td>", out);
            print_text(out, json_string_value(json_object_get(column, texts[k])));
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
    print_lines(out, "Noticed in the data", json_object_get(found, "notes"));
    print_lines(out, "To consider", json_object_get(found, "suggestions"));
}

static void print_head(FILE *out, const json_t *report)
{
    const json_t *rows = json_object_get(report, "rows");
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
          "name=\"viewport\" content=\"width=device-width\"><title>",
          out);
    print_text(out, json_string_value(json_object_get(report, "name")));
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>", style);
    print_text(out, json_string_value(json_object_get(report, "name")));
    fprintf(out, "</h1>\n<p>%lld rows for training, %lld held out",
            (long long)json_integer_value(json_object_get(rows, "train")),
            (long long)json_integer_value(json_object_get(rows, "held_out")));
    const json_t *training = json_object_get(report, "training");
    if (training)
        fprintf(out, "; %lld steps in %.1f seconds, the weights of step %lld kept",
                (long long)json_integer_value(json_object_get(training, "steps")),
                adv_report_number(training, "seconds"),
                (long long)json_integer_value(json_object_get(training, "best_step")));
    fputs(".</p>\n", out);
}

enum adv_status adv_report_write_html(const char *path, const json_t *report, size_t n_pictures,
                                      const struct adv_report_picture *pictures,
                                      struct adv_error *error)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    if (!out)
        return adv_no_memory(error);
    print_head(out, report);
    print_densities(out, json_object_get(report, "held_out_nll"));
    print_columns(out, report);
    print_classifier(out, json_object_get(report, "classifier"));
    for (size_t i = 0; i < n_pictures; i++)
        print_picture(out, &pictures[i]);
    print_found(out, json_object_get(report, "found"));
    print_recipe(out, json_object_get(report, "recipe"));
    fputs("</body></html>\n", out);
    enum adv_status status =
        fclose(out) == 0 ? adv_file_replace(path, text, n_bytes, error) : adv_no_memory(error);
    free(text);
    return status;
}
