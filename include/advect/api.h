/* Macros that give the declarations of public headers C linkage in C++ and default visibility, so
 * that of the library's symbols only they are exported. */
#ifndef ADVECT_API_H
#define ADVECT_API_H

#ifdef __cplusplus
#define ADV_EXTERN_C_BEGIN extern "C" {
#define ADV_EXTERN_C_END }
#else
#define ADV_EXTERN_C_BEGIN
#define ADV_EXTERN_C_END
#endif

#ifdef __GNUC__
#define ADV_API_BEGIN ADV_EXTERN_C_BEGIN _Pragma("GCC visibility push(default)")
#define ADV_API_END _Pragma("GCC visibility pop") ADV_EXTERN_C_END
#else
#define ADV_API_BEGIN ADV_EXTERN_C_BEGIN
#define ADV_API_END ADV_EXTERN_C_END
#endif

#endif
