/* libadvect: flow matching. Includes every stable public header; see each for its concept. What is
 * in <advect/extra/> may change in any version. */
#ifndef ADVECT_ADVECT_H
#define ADVECT_ADVECT_H

#include <advect/api.h>
#include <advect/array_file.h>
#include <advect/dtype.h>
#include <advect/label.h>
#include <advect/load_options.h>
#include <advect/model.h>
#include <advect/path.h>
#include <advect/pool.h>
#include <advect/query.h>
#include <advect/solver.h>
#include <advect/status.h>
#include <advect/train.h>
#include <advect/version.h>

#endif
