/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h -- time that only goes forward. */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

double fl_clock(void); /* seconds since some moment */

#endif
