/* Labels: the class of a point, an index from 0. */
#ifndef ADVECT_LABEL_H
#define ADVECT_LABEL_H

#define ADV_NO_LABEL (-1) /* in place of a class */

#endif
