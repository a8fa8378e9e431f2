/* SPDX-License-Identifier: Apache-2.0 */
/* device.h -- files and commands on another machine, or on this one.
 *
 * A device is reached through a command that runs its last argument in a shell there and passes standard input and
 * output, such as `ssh phone` or `adb shell`. Files are sent once: the last place's stay there, named by their content, in
 * fl-UID of /data/local/tmp where there is one, else of $TMPDIR or /tmp. */
#ifndef FL_MEASURE_DEVICE_H
#define FL_MEASURE_DEVICE_H

#include "base/err.h"
#include "base/str.h"

struct fl_device {
	const char *via; /* NULL: this machine */
	const char *log; /* a file for what is said on standard error; NULL: ours */
	int timeout;	 /* of every command, seconds */
};

/* Sends the plain files of a local directory, and one more, program, as `run` beside them; *place := the directory
 * where they are then, to be freed. On this machine nothing is sent, and place is dir, with a link to program in it. */
int fl_device_send(const struct fl_device *d, const char *dir, const char *program, char **place,
    struct fl_err *err) FL_MUST_USE;

/* Runs a line of shell in a place; what it prints is added to out. -1 with err set (class SYSTEM) if it fails. */
int fl_device_run(const struct fl_device *d, const char *place, const char *line, struct fl_str *out,
    struct fl_err *err) FL_MUST_USE;

/* The governor of the CPUs' frequencies, to be freed, "" if it does not say, and the hottest sensor's degrees
 * Celsius, NaN if there is none. */
int fl_device_state(const struct fl_device *d, char **governor, double *celsius, struct fl_err *err) FL_MUST_USE;

#endif
