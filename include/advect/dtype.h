/* Number formats in which weights and tensors are stored. */
#ifndef ADVECT_DTYPE_H
#define ADVECT_DTYPE_H

enum adv_dtype { ADV_F32, ADV_F64, ADV_F16, ADV_BF16, ADV_I64, ADV_I32, ADV_U8 };

#endif
