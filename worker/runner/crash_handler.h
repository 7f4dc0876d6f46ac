// Catches the signals by which the kernel ends a program that did wrong, long enough to note where
// it was.
#pragma once

#include "worker/runner/crash_note.h"
#include "worker/runner/flight_recorder.h"

namespace gristmill::worker {

// Process-wide: from now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT leave a note before they
// kill the process as they would have. A signal that somebody handles already is left to them, as
// are sanitizers'. `note` must outlive the process; call it once, before other threads start.
void InstallCrashHandler(CrashNote* note);

// Notes where code lies by now, after a library was loaded; without a handler nothing. While no
// other thread loads one.
void NoteModules();

// The calling thread is at what `place` says, until it says otherwise; null: at nothing. Gives the
// thread a stack for the handler, so that an overflow of its own is noted too.
void SetPlaceOfThread(FlightRecorder::Place* place);

}  // namespace gristmill::worker
