#include "trainer/eval/measures.h"

#include "trainer/calibration/calibration.h"
#include "trainer/eval/quality.h"
#include "trainer/eval/table.h"

const struct adv_measure *const adv_measures[ADV_MEASURES_MAX + 1] = {
    /* The usual ones. */
    &adv_measure_table,
    &adv_measure_held_out,
    &adv_measure_samples,
    &adv_measure_log_density,
    &adv_measure_error_bars,
    &adv_measure_probe_intervals,
    &adv_measure_integral,
    &adv_measure_rows,
    /* Those that a flag asks for. */
    &adv_measure_convergence,
    &adv_measure_classes,
    &adv_measure_ood,
    &adv_measure_typicality,
    &adv_measure_nearest,
    &adv_measure_calibration,
    &adv_measure_quality,
};

bool adv_measure_is_usual(const struct adv_measure *measure)
{
    return !measure->flag.help;
}

bool adv_measure_is_asked(const struct adv_measure *measure, const union adv_measure_wish *wish)
{
    if (adv_measure_is_usual(measure))
        return false;
    return measure->flag.kind == ADV_FIELD_STRING ? wish->path != NULL : wish->n != 0;
}
