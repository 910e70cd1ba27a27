#include "tests/system/CProgram.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "tests/system/CSlowDisk.h"
#include "tests/system/Processes.h"

namespace switchboard {

namespace {

std::filesystem::path BinDir() {
  const char* p_folder = std::getenv("SWITCHBOARD_BIN_DIR");
  if (p_folder == nullptr) throw std::runtime_error("SWITCHBOARD_BIN_DIR doesn't say where the programs are");
  return p_folder;
}

// A name that no other start of this process has.
std::filesystem::path NextFile(const std::filesystem::path& folder, const char* p_what) {
  static std::atomic<uint32_t> g_started{0};
  return folder / (std::string(p_what) + "." + std::to_string(++g_started));
}

void Limit(decltype(RLIMIT_CORE) resource, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(resource, &limit);
}

// Our environment, and what sd_listen_fds(3) looks for; the child writes its pid behind the last "=".
class CEnvironment {
 public:
  CEnvironment() {
    for (char** p_entry = environ; *p_entry != nullptr; ++p_entry) m_entries.push_back(*p_entry);
    m_entries.insert(m_entries.end(), {m_count.data(), m_pid.data(), nullptr});
  }
  char* const* WithPid(pid_t pid) {
    *std::to_chars(m_pid.data() + m_pid.find('=') + 1, m_pid.data() + m_pid.size() - 1, pid).ptr = '\0';
    return m_entries.data();
  }

 private:
  std::string m_count = "LISTEN_FDS=1";
  std::string m_pid = "LISTEN_PID=" + std::string(20, '\0');
  std::vector<char*> m_entries;
};

// One call is answered as by a kernel that doesn't know it.
void PretendToLack(uint32_t call) {
  std::array<sock_filter, 4> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

constexpr int kFirstActivated = 3;

// Between fork and exec: calls of the system only.
[[noreturn]] void Become(char* const* p_argv, CEnvironment& environment, const SProgramOptions& options, int output,
                         int errors) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Limit(RLIMIT_CORE, 0);
  if (!options.hasLandlock) PretendToLack(SYS_landlock_create_ruleset);
  if (options.p_disk != nullptr && !options.p_disk->Enter()) _exit(125);
  if (options.descriptors > 0) Limit(RLIMIT_NOFILE, options.descriptors);
  if (options.isUnprivileged) {
    // What isn't in the bounding set is lost at exec, even for root; anybody else has it not anyway.
    prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
  }
  if (!options.workingDirectory.empty() && chdir(options.workingDirectory.c_str()) != 0) _exit(126);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  if (options.activated >= 0) {
    if (options.activated == kFirstActivated) {
      fcntl(kFirstActivated, F_SETFD, 0);
    } else {
      dup2(options.activated, kFirstActivated);
    }
    execve(p_argv[0], p_argv, environment.WithPid(getpid()));
  }
  execv(p_argv[0], p_argv);
  _exit(127);
}

}  // namespace

CProgram::CProgram(const std::string& name, const std::vector<std::string>& arguments, const SProgramOptions& options)
    : m_output(NextFile(options.workingDirectory, "output")), m_errors(NextFile(options.workingDirectory, "errors")) {
  const CFd output(open(m_output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const CFd errors(open(m_errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!output.IsValid() || !errors.IsValid()) throw std::system_error(errno, std::generic_category(), m_output);
  std::vector<std::string> words{(BinDir() / name).string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  CEnvironment environment;
  m_pid = fork();
  if (m_pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (m_pid == 0) Become(argv.data(), environment, options, output.Get(), errors.Get());
  m_process.Reset(static_cast<int>(syscall(SYS_pidfd_open, m_pid, 0)));
  if (options.p_disk != nullptr) options.p_disk->Attach();
}

CProgram::~CProgram() {
  if (m_exitCode) return;
  Signal(SIGKILL);
  Wait();
}

std::optional<int> CProgram::Wait(std::chrono::milliseconds patience) {
  if (m_exitCode) return m_exitCode;
  pollfd end{m_process.Get(), POLLIN, 0};
  if (poll(&end, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  int status = 0;
  waitpid(m_pid, &status, 0);
  m_exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return m_exitCode;
}

void CProgram::Signal(int number) const {
  if (!m_exitCode) kill(m_pid, number);
}

std::string CProgram::Output() const { return ReadFile(m_output); }

std::string CProgram::Errors() const { return ReadFile(m_errors); }

}  // namespace switchboard
