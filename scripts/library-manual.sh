#!/bin/bash
# Writes the manual page of the library, libadvect(3), to stdout: the stable public headers with their
# comments, which are the reference.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^#define ADV_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' include/advect/version.h | paste -sd.)

cat <<END
.TH LIBADVECT 3 "" "Advect $version" "Advect"
.SH NAME
libadvect \- flow matching: samples, trajectories, log-densities and training
.SH SYNOPSIS
.nf
#include <advect/advect.h>

cc program.c \$(pkg-config \-\-cflags \-\-libs advect)
.fi
.SH DESCRIPTION
The library trains flow-matching models and answers queries to them. A program loads a model, fills a
query, runs it and reads the answer:
.PP
.nf
$(sed -n '/^static enum adv_status print_samples/,/^}/p' docs/examples/sample.c | sed 's/\\/\\e/g')
.fi
.PP
Every function that can fail returns an enum adv_status and takes a last parameter for the report, which
may be NULL. What a function returns by \fB_new\fR is freed by \fB_free\fR or \fB_unref\fR. Objects may be
used by one thread at a time, models by any number.
.PP
Below are the stable headers, whose comments are the reference. Those of <advect/extra/> may change
in any version.
END

# A header without its guards and includes: its first comment as text, the rest as it stands.
section() {
    local name=${1##*/}
    printf '.SH <advect/%s>\n' "$name"
    awk '
        function escaped(line) { gsub(/\\/, "\\e", line); if (line ~ /^[.'"'"']/) line = "\\&" line; return line }
        NR == 1 && /^\/\*/ { opening = 1 }
        opening {
            line = $0; last = line ~ /\*\/$/
            sub(/^\/\* ?/, "", line); sub(/^ \* ?/, "", line); sub(/ ?\*\/$/, "", line)
            if (line ~ /^ /) { if (!code) print ".nf"; code = 1 } else if (code) { print ".fi"; code = 0 }
            if (line == "" && !code) print ".PP"; else if (line != "" || code) print escaped(line)
            if (last) { if (code) print ".fi"; opening = 0; print ".PP\n.nf" }
            next
        }
        /^#(ifndef ADVECT_|define ADVECT_|include|endif)/ || /^ADV_API_(BEGIN|END)$/ { next }
        /^$/ { blank = 1; next }
        { if (blank && printed) print ""; blank = 0; printed = 1; print escaped($0) }
        END { print ".fi" }' "$1"
}

for header in include/advect/*.h; do
    case ${header##*/} in
    advect.h | api.h) ;;
    *) section "$header" ;;
    esac
done

cat <<END
.SH SEE ALSO
.BR advect (1),
.BR advectd (8)
END
