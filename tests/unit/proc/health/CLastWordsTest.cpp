#include "proc/health/CLastWords.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "misc/thread/CThread.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

class CLastWordsTest : public testing::Test {
 protected:
  CLastWordsTest()
      : m_p_words(new (mmap(nullptr, sizeof(SLastWords), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                      SLastWords) {}
  ~CLastWordsTest() override { munmap(m_p_words, sizeof(SLastWords)); }

  // The signal that ends a process one thread of which does `deed`.
  static int SignalOf(const std::function<void()>& deed, const std::function<void(const std::function<void()>&)>& run) {
    const pid_t pid = fork();
    if (pid == 0) {
      const rlimit none{0, 0};
      setrlimit(RLIMIT_CORE, &none);
      signal(SIGABRT, SIG_DFL);
      run([&] { CThread("sb-test", deed).Join(); });
      _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  int DieOf(const std::function<void()>& deed) {
    return SignalOf(deed, [this](const std::function<void()>& die) {
      const CLastWords lastWords(*m_p_words);
      die();
    });
  }

  SLastWords* const m_p_words;
};

TEST_F(CLastWordsTest, WhoRunsOutOfMemorySaysSo) {
  EXPECT_EQ(DieOf([] { throw std::bad_alloc(); }), SIGABRT);
  EXPECT_TRUE(m_p_words->isOutOfMemory);
  EXPECT_EQ(m_p_words->Take(), "it ran out of memory in sb-test (std::bad_alloc)");
  EXPECT_EQ(m_p_words->Take(), "");
  EXPECT_FALSE(m_p_words->isOutOfMemory);
  EXPECT_EQ(DieOf([] { throw std::system_error(ENOMEM, std::generic_category(), "mmap"); }), SIGABRT);
  EXPECT_TRUE(m_p_words->isOutOfMemory);
  EXPECT_EQ(m_p_words->Take(), "it ran out of memory in sb-test (mmap: Cannot allocate memory)");
}

TEST_F(CLastWordsTest, WhatNobodyCatchesIsToldWhateverItIs) {
  EXPECT_EQ(DieOf([] { throw std::runtime_error("astray"); }), SIGABRT);
  EXPECT_FALSE(m_p_words->isOutOfMemory);
  EXPECT_EQ(m_p_words->Take(), "nobody caught what sb-test threw: astray");
  EXPECT_EQ(DieOf([] { throw 42; }), SIGABRT);
  EXPECT_EQ(m_p_words->Take(), "nobody caught what sb-test threw: something that is no std::exception");
  EXPECT_EQ(DieOf([] { std::terminate(); }), SIGABRT);
  EXPECT_EQ(m_p_words->Take(), "sb-test called std::terminate without an exception");
  EXPECT_EQ(DieOf([] { throw std::runtime_error(std::string(1000, 'x')); }), SIGABRT);
  EXPECT_EQ(m_p_words->Take().size(), SLastWords::kMost);
  EXPECT_EQ(DieOf([] {}), 0);
  EXPECT_EQ(m_p_words->Take(), "");
}

TEST_F(CLastWordsTest, WhoHasNobodyToTellWritesToTheLog) {
  const CTemporaryFolder folder;
  const auto die = [&folder](const std::function<void()>& dieNow) {
    CLog log((folder.Path() / "log").string(), ELogLevel::kInfo);
    const CLastWords lastWords(log);
    dieNow();
  };
  EXPECT_EQ(SignalOf([] { throw std::bad_alloc(); }, die), SIGABRT);
  EXPECT_NE(folder.Read("log").find("[alert]"), std::string::npos) << folder.Read("log");
  EXPECT_NE(folder.Read("log").find("the process ends: it ran out of memory in sb-test"), std::string::npos);
}

TEST_F(CLastWordsTest, WhatAWorkerWritesIntoItsPageHarmsNobody) {
  m_p_words->bytes = UINT32_MAX;
  EXPECT_EQ(m_p_words->Take().size(), SLastWords::kMost);
}

}  // namespace
}  // namespace switchboard
