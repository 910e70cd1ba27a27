#include "proc/health/CLastWords.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

// What std::terminate calls has no other way to know.
SLastWords* g_p_words = nullptr;
CLog* g_p_log = nullptr;

// Freed before the last line is written: where there is no memory left, there is so much again.
constexpr size_t kReserveBytes = 64 * 1024;
std::unique_ptr<char[]>& Reserve() {
  static std::unique_ptr<char[]> p_reserve = std::make_unique<char[]>(kReserveBytes);
  return p_reserve;
}

struct SCause {
  std::array<char, SLastWords::kMost + 1> text{};
  bool isOutOfMemory = false;

  std::string_view Text() const { return text.data(); }
};

// Allocates nothing. The exception lives as long as the cause is being described: what() is copied.
SCause DescribeCause() {
  std::array<char, 16> thread{};
  pthread_getname_np(pthread_self(), thread.data(), thread.size());
  SCause cause;
  const auto write = [&](const char* p_format, const char* p_what) {
    std::snprintf(cause.text.data(), cause.text.size(), p_format, thread.data(), p_what);
  };
  if (std::current_exception() == nullptr) {
    write("%s called std::terminate without an exception%s", "");
    return cause;
  }
  try {
    throw;
  } catch (const std::bad_alloc& error) {
    cause.isOutOfMemory = true;
    write("it ran out of memory in %s (%s)", error.what());
  } catch (const std::system_error& error) {
    cause.isOutOfMemory = error.code() == std::errc::not_enough_memory;
    write(cause.isOutOfMemory ? "it ran out of memory in %s (%s)" : "nobody caught what %s threw: %s", error.what());
  } catch (const std::exception& error) {
    write("nobody caught what %s threw: %s", error.what());
  } catch (...) {
    write("nobody caught what %s threw: %s", "something that is no std::exception");
  }
  return cause;
}

[[noreturn]] void SayAndEnd() {
  static std::atomic<bool> isSaid{false};
  // Where one thread finds no memory, others don't either: the first one ends them all.
  while (isSaid.exchange(true)) ::pause();
  const SCause cause = DescribeCause();
  if (g_p_words != nullptr) g_p_words->Leave(cause.Text(), cause.isOutOfMemory);
  if (g_p_log != nullptr) {
    Reserve().reset();
    try {
      g_p_log->Alert("the process ends: {}", cause.Text());
    } catch (...) {  // there is no other way left
    }
  }
  std::abort();
}

}  // namespace

CLastWords::CLastWords(SLastWords& words) : CLastWords(&words, nullptr) { words.Take(); }

CLastWords::CLastWords(CLog& log) : CLastWords(nullptr, &log) { Reserve(); }

CLastWords::CLastWords(SLastWords* p_words, CLog* p_log)
    : m_p_wordsBefore(std::exchange(g_p_words, p_words)),
      m_p_logBefore(std::exchange(g_p_log, p_log)),
      m_before(std::set_terminate(SayAndEnd)) {}

CLastWords::~CLastWords() {
  g_p_words = m_p_wordsBefore;
  g_p_log = m_p_logBefore;
  std::set_terminate(m_before);
}

}  // namespace switchboard
