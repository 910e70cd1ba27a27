#include "proc/start/AskAsUser.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>

#include "misc/file/CFd.h"
#include "proc/sys/CPrivileges.h"

namespace switchboard {

namespace {

constexpr size_t kMostBytes = 4000;  // a pipe takes them at once

[[noreturn]] void Answer(int pipe, const std::string& user, const std::function<std::string()>& question) {
  std::string answer;
  try {
    CPrivileges(user).Drop();
    answer = question();
  } catch (const std::exception& error) {
    answer = error.what();
  }
  answer.resize(std::min(answer.size(), kMostBytes));
  _exit(write(pipe, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

}  // namespace

std::string AskAsUser(const std::string& user, const std::function<std::string()>& question) {
  if (user.empty() || geteuid() != 0) return question();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const CFd reading(ends[0]);
  CFd writing(ends[1]);
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) Answer(writing.Get(), user, question);
  writing.Reset();
  std::string answer(kMostBytes, '\0');
  const ssize_t bytes = read(reading.Get(), answer.data(), answer.size());
  answer.resize(bytes > 0 ? static_cast<size_t>(bytes) : 0);
  int status = 0;
  waitpid(child, &status, 0);
  return answer;
}

}  // namespace switchboard
