// How large messages may be, on every channel and server of the worker.
#pragma once

namespace gristmill::worker {

// Job plans list files and shuffle sources list tasks: millions of them fit.
inline constexpr int kMessageBytesMax = 64 << 20;

}  // namespace gristmill::worker
