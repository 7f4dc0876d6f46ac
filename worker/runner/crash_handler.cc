#include "worker/runner/crash_handler.h"

#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "worker/runner/runner_memory.h"

namespace gristmill::worker {
namespace {

constexpr int kFatalSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
// Unwinding needs a few KiB, the registers of large vector units as much again.
constexpr std::size_t kHandlerStackBytes = 128 << 10;
// A frame may reach beyond the guard page; what lies there is seldom anybody's.
constexpr std::uint64_t kOverflowBytes = 256 << 10;
// The handler may hang in what user code destroyed; the kernel ends it then.
constexpr unsigned kHandlerSeconds = 5;

CrashNote* crash_note = nullptr;
pid_t runner = 0;
std::atomic<bool> caught = false;
// The program's own, so that a handler finds them without a call.
constinit thread_local FlightRecorder::Place* place_of_thread = nullptr;
constinit thread_local std::uint64_t stack_begin = 0;  // lowest address; zero if not known

std::uint64_t Address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

std::uint64_t ProgramCounter(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return registers.pc;
#else
  (void)registers;
  return 0;
#endif
}

// Where a function that was just called returns to.
std::uint64_t ReturnAddress(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return *reinterpret_cast<const std::uint64_t*>(registers.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return registers.regs[30];
#else
  (void)registers;
  return 0;
#endif
}

// Of what the signal interrupted, leaving out the handler's own frames.
void NoteFrames(const void* context) {
  const std::uint64_t program_counter = ProgramCounter(context);
  void* frames[CrashNote::kFramesMax];
  const int all = backtrace(frames, CrashNote::kFramesMax);
  int first = 0;
  while (first < all && Address(frames[first]) != program_counter) ++first;
  if (first == all) {
    // A call of what is no code, such as a null pointer, can't be unwound.
    crash_note->frames[1] = ReturnAddress(context);
    crash_note->frame_count.store(2, std::memory_order_release);
    return;
  }
  for (int i = first; i < all; ++i) crash_note->frames[i - first] = Address(frames[i]);
  crash_note->frame_count.store(static_cast<std::uint32_t>(all - first), std::memory_order_release);
}

void TakeNote(int signal, const siginfo_t& info, const void* context) {
  CrashNote& note = *crash_note;
  FlightRecorder::Place* const place = place_of_thread;
  if (place != nullptr) note.attempt = place->attempt.load(std::memory_order_relaxed);
  if (info.si_code > 0 && signal != SIGABRT) {  // by the kernel, not by raise
    const std::uint64_t address = Address(info.si_addr);
    note.address = address;
    note.has_address = 1;
    const bool overflow = signal == SIGSEGV && stack_begin != 0 &&
                          address >= stack_begin - kOverflowBytes && address < stack_begin + 4096;
    note.stack_overflow = overflow ? 1 : 0;
  }
  note.out_of_memory = RanOutOfMemory() ? 1 : 0;
  note.frames[0] = ProgramCounter(context);
  note.frame_count.store(1, std::memory_order_relaxed);
  note.signal.store(static_cast<std::uint32_t>(signal), std::memory_order_release);
  if (place != nullptr) place->mark.Capture();
  NoteFrames(context);
}

// Async-signal-safe, as is what it calls: backtrace() was called once before, so that its library
// is loaded, and finds frames without a lock.
void OnFatalSignal(int signal, siginfo_t* info, void* context) {
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(SIGALRM, &by_default, nullptr);
  alarm(kHandlerSeconds);
  if (caught.exchange(true)) {
    for (;;) pause();  // the thread that was first ends all
  }
  const bool by_another_process = info->si_code == SI_USER && info->si_pid != getpid();
  // A child that user code forked shares the note, but its end is not the runner's.
  if (!by_another_process && getpid() == runner) TakeNote(signal, *info, context);
  // Raised while it is blocked, the signal comes when this returns, and kills.
  sigaction(signal, &by_default, nullptr);
  raise(signal);
}

int AddModule(dl_phdr_info* info, std::size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (crash_note->module_count == CrashNote::kModulesMax) return 1;
    CrashNote::Module& module = crash_note->modules[crash_note->module_count++];
    module.begin = info->dlpi_addr + header.p_vaddr;
    module.end = module.begin + header.p_memsz;
    module.bias = info->dlpi_addr;
    std::strncpy(module.path, info->dlpi_name, CrashNote::kPathBytesMax - 1);
  }
  return 0;
}

// For the time that a thread lives.
class HandlerStack {
 public:
  HandlerStack() {
    memory_ = mmap(nullptr, kHandlerStackBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory_ == MAP_FAILED) return;
    const stack_t stack{memory_, 0, kHandlerStackBytes};
    sigaltstack(&stack, nullptr);
    NoteStackBegin();
  }
  ~HandlerStack() {
    if (memory_ == MAP_FAILED) return;
    stack_begin = 0;
    const stack_t none{nullptr, SS_DISABLE, 0};
    sigaltstack(&none, nullptr);
    munmap(memory_, kHandlerStackBytes);
  }
  HandlerStack(const HandlerStack&) = delete;
  HandlerStack& operator=(const HandlerStack&) = delete;

 private:
  static void NoteStackBegin() {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    void* begin = nullptr;
    std::size_t bytes = 0;
    if (pthread_attr_getstack(&attributes, &begin, &bytes) == 0) stack_begin = Address(begin);
    pthread_attr_destroy(&attributes);
  }

  void* memory_;
};

}  // namespace

void InstallCrashHandler(CrashNote* note) {
  crash_note = note;
  runner = getpid();
  NoteModules();
  void* frame;
  backtrace(&frame, 1);
  struct sigaction action = {};
  action.sa_sigaction = OnFatalSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);  // a fault in the handler kills at once
  sigdelset(&action.sa_mask, SIGALRM);
  for (const int signal : kFatalSignals) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    const bool handled = (before.sa_flags & SA_SIGINFO) != 0 || before.sa_handler != SIG_DFL;
    if (!handled) sigaction(signal, &action, nullptr);
  }
}

void NoteModules() {
  if (crash_note == nullptr) return;
  crash_note->module_count = 0;
  dl_iterate_phdr(AddModule, nullptr);
}

void SetPlaceOfThread(FlightRecorder::Place* place) {
  thread_local const HandlerStack stack;
  place_of_thread = place;
}

}  // namespace gristmill::worker
