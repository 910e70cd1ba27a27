#include "misc/CLog.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "misc/file/CFd.h"
#include "misc/file/OpenPlainFile.h"

namespace switchboard {

namespace {

constexpr std::array<spdlog::level::level_enum, 5> kSpdlogLevels = {
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::critical};

std::string_view LevelName(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
      return "error";
    default:
      return "alert";
  }
}

// How many bytes the valid UTF-8 character at the start of `text` has; 0 if there is none.
// Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
size_t Utf8Bytes(std::string_view text) {
  const auto byteAt = [text](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const uint8_t lead = byteAt(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const uint8_t lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byteAt(1) < lowest || byteAt(1) > highest) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if ((byteAt(i) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

// C0, DEL and C1: a terminal may act on any of them.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<uint8_t>(character[0]);
  return lead < 0x20 || lead == 0x7F || (lead == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0);
}

void AppendEscaped(std::string_view text, spdlog::memory_buf_t& line) {
  while (!text.empty()) {
    const size_t valid = Utf8Bytes(text);
    const std::string_view character = text.substr(0, std::max<size_t>(valid, 1));
    if (valid != 0 && !IsControl(character)) {
      line.append(character.data(), character.data() + character.size());
    } else {
      for (const char byte : character) {
        fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<uint8_t>(byte));
      }
    }
    text.remove_prefix(character.size());
  }
}

class CLevelFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string_view name = LevelName(message.level);
    line.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<CLevelFlag>(); }
};

// Asks the kernel for each line: a cache would keep the name that a thread had before it was named, and the call costs
// a small part of the write.
class CThreadNameFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& line) override {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    AppendEscaped(name.data(), line);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<CThreadNameFlag>(); }
};

class CMessageFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    AppendEscaped({message.payload.data(), message.payload.size()}, line);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<CMessageFlag>(); }
};

std::unique_ptr<spdlog::formatter> MakeFormatter() {
  static constexpr char kPattern[] = "%Y-%m-%d %H:%M:%S.%e [%l] %P %t: %v";
  spdlog::pattern_formatter::custom_flags flags;
  flags['l'] = std::make_unique<CLevelFlag>();
  flags['t'] = std::make_unique<CThreadNameFlag>();
  flags['v'] = std::make_unique<CMessageFlag>();
  return std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::local, "\n",
                                                     std::move(flags));
}

// That the thread's formatter is gone: trivial, so it is there until the thread has ended altogether.
thread_local bool t_isFormatterGone = false;

struct SThreadFormatter {
  const std::unique_ptr<spdlog::formatter> p_formatter = MakeFormatter();
  ~SThreadFormatter() { t_isFormatterGone = true; }
};

// One formatter a thread, because a formatter caches the broken-down second; so no line waits for another, and no lock
// can be left behind by a fork. The end of a thread and exit(3) destroy it, and after that other objects of the thread,
// and what atexit(3) has noted, may still log: each of their lines has a formatter of its own.
void Format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) {
  if (t_isFormatterGone) return MakeFormatter()->format(message, line);
  thread_local const SThreadFormatter formatter;
  formatter.p_formatter->format(message, line);
}

// O_NONBLOCK matters for a FIFO only: without a reader it is refused, and when full it loses lines like a full disk.
CFd OpenToAppend(const std::string& path) { return OpenPlainFile(path, O_WRONLY | O_APPEND | O_CREAT, 0640); }

// spdlog's way to a descriptor: a line is one write(2), and what can't be written is dropped and counted.
// Threads: any, except Reopen, as CLog.
class CDescriptorSink : public spdlog::sinks::sink {
 public:
  // An empty path is standard error.
  explicit CDescriptorSink(std::string path) : m_path(std::move(path)) {
    if (m_path.empty()) {
      OpenStandardError();
      return;
    }
    m_file = OpenToAppend(m_path);
    if (!m_file.IsValid()) throw std::system_error(errno, std::system_category(), "can't open the log " + m_path);
  }

  bool Reopen() {
    if (m_path.empty()) return true;
    const CFd fresh = OpenToAppend(m_path);
    // The number stays the same, so a writer never sees a closed descriptor.
    if (!fresh.IsValid() || ::dup3(fresh.Get(), m_file.Get(), O_CLOEXEC) < 0) return false;
    m_isTorn.store(false, std::memory_order_relaxed);
    return true;
  }

  void log(const spdlog::details::log_msg& message) override {
    const bool isClear = m_lost.load(std::memory_order_relaxed) == 0 || ReportLost();
    if (!isClear || !WriteLine(message)) m_lost.fetch_add(1, std::memory_order_relaxed);
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  // False while nothing can be written yet.
  bool ReportLost() {
    const uint64_t lost = m_lost.exchange(0, std::memory_order_relaxed);
    if (lost == 0) return true;  // another thread has told it
    const std::string text = fmt::format("{} log lines were lost here: {}", lost,
                                         std::system_category().message(m_error.load(std::memory_order_relaxed)));
    if (WriteLine(spdlog::details::log_msg("", spdlog::level::warn, text))) return true;
    m_lost.fetch_add(lost, std::memory_order_relaxed);
    return false;
  }

  bool WriteLine(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    // A disk that became full in the middle of a line left a piece without an end: don't glue to it.
    const bool wasTorn = m_isTorn.exchange(false, std::memory_order_relaxed);
    if (wasTorn) line.push_back('\n');
    Format(message, line);
    const size_t written = WriteBytes({line.data(), line.size()});
    if (written == line.size()) return true;
    if (wasTorn || written != 0) m_isTorn.store(true, std::memory_order_relaxed);
    return false;
  }

  // Returns how many bytes went out; fewer than there are only after an error, which m_error then tells.
  size_t WriteBytes(std::string_view bytes) {
    size_t written = 0;
    while (written < bytes.size()) {
      const ssize_t n = WriteSome(bytes.substr(written));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        m_error.store(n < 0 ? errno : EIO, std::memory_order_relaxed);
        break;
      }
      written += static_cast<size_t>(n);
    }
    return written;
  }

  // Standard error belongs to others as well, so it can't be made non-blocking. A pipe or terminal is opened once more
  // for this process alone; a socket (journald's) is written to by send; a file never blocks.
  void OpenStandardError() {
    struct stat status {};
    if (::fstat(STDERR_FILENO, &status) != 0 || S_ISREG(status.st_mode)) return;
    m_isSocket = S_ISSOCK(status.st_mode);
    if (m_isSocket) return;
    m_file = CFd(::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    m_mayBlock = !m_file.IsValid();
  }

  ssize_t WriteSome(std::string_view bytes) const {
    if (m_file.IsValid()) return ::write(m_file.Get(), bytes.data(), bytes.size());
    if (m_isSocket) return ::send(STDERR_FILENO, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (m_mayBlock) return WriteIfReady(bytes);
    return ::write(STDERR_FILENO, bytes.data(), bytes.size());
  }

  // A pipe that another user made can't be opened anew. When it is ready it takes PIPE_BUF bytes without blocking,
  // unless others fill it at that very moment.
  static ssize_t WriteIfReady(std::string_view bytes) {
    iovec part{const_cast<char*>(bytes.data()), std::min<size_t>(bytes.size(), PIPE_BUF)};
    const ssize_t n = ::pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
    if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOTSUP)) return n;
    pollfd wanted{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&wanted, 1, 0) > 0) return ::write(STDERR_FILENO, part.iov_base, part.iov_len);
    errno = EAGAIN;
    return -1;
  }

  // Constant after construction.
  const std::string m_path;
  CFd m_file;
  bool m_isSocket = false;  // standard error is
  bool m_mayBlock = false;  // writing to standard error would

  // Self-synchronised.
  std::atomic<uint64_t> m_lost{0};
  std::atomic<int> m_error{0};
  std::atomic<bool> m_isTorn{false};
};

std::string AbsolutePath(const std::string& file) {
  if (file.empty() || file == "stderr") return {};
  return std::filesystem::absolute(file).string();
}

}  // namespace

class CLog::CImpl {
 public:
  explicit CImpl(const std::string& file)
      : m_p_sink(std::make_shared<CDescriptorSink>(AbsolutePath(file))), m_logger("", m_p_sink) {
    m_logger.set_level(spdlog::level::trace);  // CLog has sorted out the level before
  }

  bool Reopen() { return m_p_sink->Reopen(); }
  void Write(ELogLevel level, std::string_view message) {
    m_logger.log(kSpdlogLevels[static_cast<size_t>(level)], spdlog::string_view_t(message.data(), message.size()));
  }

 private:
  std::shared_ptr<CDescriptorSink> m_p_sink;
  spdlog::logger m_logger;
};

CLog::CLog(const std::string& file, ELogLevel level)
    : m_level(level), m_file(file), m_p_impl(std::make_unique<CImpl>(file)) {}

CLog::~CLog() = default;

bool CLog::Reopen() { return m_p_impl->Reopen(); }

void CLog::SetFile(const std::string& file) {
  if (file == m_file) return;
  m_p_impl = std::make_unique<CImpl>(file);
  m_file = file;
}

void CLog::Write(ELogLevel level, std::string_view message) { m_p_impl->Write(level, message); }

}  // namespace switchboard
