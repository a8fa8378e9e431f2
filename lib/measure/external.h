/* SPDX-License-Identifier: Apache-2.0 */
/* external.h -- how fast a model runs in another runtime, here or on a device.
 *
 * A runtime is a runner, a POSIX shell script, called twice. `runner prepare CHECKPOINT DIR`, here, makes DIR with
 * what the runtime loads, plain files. `runner run`, on the device and in a directory with these files, measures, and
 * prints one line of JSON: an object whose members are columns of the table, fl-table(5), whose names are of
 * letters, digits and _.-, 64 at most; each is a number, a list of numbers, one a repeat, or words. What is to be
 * measured is in its environment; fl-measure(1) has the names. */
#ifndef FL_MEASURE_EXTERNAL_H
#define FL_MEASURE_EXTERNAL_H

#include "base/err.h"
#include "base/tsv.h"
#include "measure/native.h"

struct fl_external {
	const char *runtime; /* a runner's path, or the name of one of ours */
	const char *via;     /* as struct fl_device has it */
	int timeout;	     /* of each command, seconds */
	int cool;	     /* degrees Celsius that the hottest sensor must be below first; 0: any */
};

/* Adds arch, the columns that the runner printed, those asked for among them, the governor if it is known, and what
 * else we know of a model of configuration c. -1 with err set: class SYSTEM if a command fails, DATA if what it says
 * is no answer. */
int fl_measure_external(const struct fl_external *x, const char *checkpoint, const struct fl_config *c,
    const struct fl_measure_opts *o, struct fl_row *row, struct fl_err *err) FL_MUST_USE;

#endif
