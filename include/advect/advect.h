/* libadvect: flow matching. Includes every public header; see each for its concept. */
#ifndef ADVECT_ADVECT_H
#define ADVECT_ADVECT_H

#include <advect/api.h>
#include <advect/array_file.h>
#include <advect/bytes.h>
#include <advect/density.h>
#include <advect/digest.h>
#include <advect/evaluator.h>
#include <advect/fields.h>
#include <advect/gradient.h>
#include <advect/integrator.h>
#include <advect/json.h>
#include <advect/levels.h>
#include <advect/memory.h>
#include <advect/model.h>
#include <advect/net.h>
#include <advect/path.h>
#include <advect/plot.h>
#include <advect/png.h>
#include <advect/pool.h>
#include <advect/profile.h>
#include <advect/query.h>
#include <advect/render.h>
#include <advect/request.h>
#include <advect/rng.h>
#include <advect/safetensors.h>
#include <advect/solver.h>
#include <advect/status.h>
#include <advect/train.h>
#include <advect/transform.h>
#include <advect/version.h>
#include <advect/words.h>

#endif
