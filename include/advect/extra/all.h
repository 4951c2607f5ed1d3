/* Every public header, those that may change between versions included. */
#ifndef ADVECT_EXTRA_ALL_H
#define ADVECT_EXTRA_ALL_H

#include <advect/advect.h>
#include <advect/extra/bytes.h>
#include <advect/extra/command_line.h>
#include <advect/extra/dataset.h>
#include <advect/extra/density.h>
#include <advect/extra/digest.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/fields.h>
#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/gradient.h>
#include <advect/extra/held_out.h>
#include <advect/extra/integrator.h>
#include <advect/extra/json.h>
#include <advect/extra/levels.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/net.h>
#include <advect/extra/open_pool.h>
#include <advect/extra/optimiser.h>
#include <advect/extra/pace.h>
#include <advect/extra/plot.h>
#include <advect/extra/png.h>
#include <advect/extra/profile.h>
#include <advect/extra/propose.h>
#include <advect/extra/ranks.h>
#include <advect/extra/recipe.h>
#include <advect/extra/render.h>
#include <advect/extra/request.h>
#include <advect/extra/rng.h>
#include <advect/extra/run_shards.h>
#include <advect/extra/safetensors.h>
#include <advect/extra/shards.h>
#include <advect/extra/simulator.h>
#include <advect/extra/snapshot.h>
#include <advect/extra/source.h>
#include <advect/extra/table.h>
#include <advect/extra/tails.h>
#include <advect/extra/transform.h>
#include <advect/extra/words.h>

#endif
