#include "proc/master/CMaster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "proc/sys/ExitCode.h"
#include "tests/support/Eventually.h"

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::Not;

// The master is real, its workers are real processes, and only what the workers do is made up.
// The master runs in the process of the test, which therefore signals itself, or has a worker do it.
class CMasterTest : public testing::Test {
 protected:
  CMasterTest() {
    pthread_sigmask(SIG_SETMASK, nullptr, &m_before);
    std::string pattern = (std::filesystem::temp_directory_path() / "master-XXXXXX").string();
    m_folder = mkdtemp(pattern.data());
    m_p_log = std::make_unique<CLog>((m_folder / "log").string(), ELogLevel::kDebug);
    m_config.server.workers = 2;
    m_config.server.shutdown_timeout = std::chrono::milliseconds(0);
    m_p_scoreboard = std::make_unique<CScoreboard>("", m_config.server.workers);
    m_p_files = std::make_unique<CRunFiles>((m_folder / "pid").string());
    m_program = {"/nowhere/switchboard", {"switchboard"}, m_folder.string()};
    m_next = m_config;
  }
  ~CMasterTest() override {
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
    std::filesystem::remove_all(m_folder);
  }

  std::unique_ptr<CMaster> MakeMaster(WorkerMain workerMain) {
    m_config.log.file = (m_folder / "log").string();
    m_config.log.level = ELogLevel::kDebug;
    m_next.log = m_config.log;
    const auto loadConfig = [this] {
      if (!m_loadError.empty()) throw std::runtime_error(m_loadError);
      return m_next;
    };
    const auto main = [this, workerMain](const SWorkerLaunch& launch, CChannel channel) {
      m_p_files->Forget();
      return workerMain(launch, std::move(channel));
    };
    return std::make_unique<CMaster>(SMasterDeps{m_config, *m_p_log, m_clock, m_privileges, m_listeners,
                                                 *m_p_scoreboard, m_numbers, *m_p_files, m_program, loadConfig, main},
                                     std::make_unique<CSignals>());
  }

  std::string StartError(CMaster& master) {
    try {
      master.Start();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  // A worker that serves until the master sends one of its signals, which it returns. The order to reopen the log is
  // for the tests the one to die.
  static int Serve(CChannel& channel, bool isMortal = false) {
    CSignals signals;
    CWaiter waiter;
    waiter.Add(signals.Fd(), 0);
    channel.Send({EMessage::kReady, 0, {}, {}});
    while (true) {
      waiter.Wait();
      const auto signal = signals.Next();
      if (signal && (isMortal || signal->number != SIGUSR1)) return signal->number;
    }
  }

  // True in the first worker that asks; the answer outlives the workers.
  bool IsFirst() { return mkdir((m_folder / "first").c_str(), 0700) == 0; }

  std::string Log() const {
    std::ostringstream text;
    text << std::ifstream(m_folder / "log").rdbuf();
    return text.str();
  }

  // Runs the master, and stops it when its log has this line. Who does it is a process: with a second thread, a worker
  // would be forked from a program whose other thread it lacks.
  int RunUntil(CMaster& master, const std::string& line) const {
    const pid_t stopper = fork();
    if (stopper == 0) {
      const bool isFound = Eventually([&] { return Log().find(line) != std::string::npos; });
      kill(getppid(), SIGTERM);
      _exit(isFound ? 0 : 1);
    }
    const int exitCode = master.Run();
    waitpid(stopper, nullptr, 0);  // unless the master has done it
    EXPECT_THAT(Log(), HasSubstr(line));
    return exitCode;
  }

  static void ExpectNoChildLeft() {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  sigset_t m_before;
  std::filesystem::path m_folder;
  SConfig m_config;
  SConfig m_next;           // what a reload reads …
  std::string m_loadError;  // … or why it can't
  SProgramStart m_program;
  CClock m_clock;
  CPrivileges m_privileges{""};
  CListenerStore m_listeners;
  CProcessNumbers m_numbers;
  std::unique_ptr<CLog> m_p_log;
  std::unique_ptr<CScoreboard> m_p_scoreboard;
  std::unique_ptr<CRunFiles> m_p_files;
};

TEST_F(CMasterTest, StopsItsWorkersInOrder) {
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGTERM ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGTERM);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), Not(HasSubstr("[alert]")));
  ExpectNoChildLeft();
}

TEST_F(CMasterTest, TheLogIsReopenedWhenTheWorkersHaveDoneIt) {
  m_config.server.workers = 1;
  const auto p_master = MakeMaster([this](const SWorkerLaunch&, CChannel channel) {
    CSignals signals;
    CWaiter waiter;
    waiter.Add(signals.Fd(), 0);
    channel.Send({EMessage::kReady, 0, {}, {}});
    for (bool isOver = false; !isOver;) {
      waiter.Wait();
      const auto signal = signals.Next();
      isOver = signal && signal->number == SIGTERM;
      if (!signal || signal->number != SIGUSR1) continue;
      m_p_log->Info("told before: {}", Log().find("log reopened") != std::string::npos);
      channel.Send({EMessage::kReopened, 0, {}, {}});
    }
    return 0;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR1);
  EXPECT_EQ(RunUntil(*p_master, "log reopened"), 0);
  EXPECT_THAT(Log(), HasSubstr("told before: false"));
}

TEST_F(CMasterTest, ALogThatCannotBeReopenedIsNamedWithTheReason) {
  m_config.server.workers = 1;
  const auto p_master = MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  const std::filesystem::path log = m_folder / "log";
  std::filesystem::rename(log, m_folder / "old");
  std::filesystem::create_directory(log);
  kill(getpid(), SIGUSR1);  // comes before SIGTERM, whose number is higher
  kill(getpid(), SIGTERM);
  EXPECT_EQ(p_master->Run(), 0);
  std::ostringstream text;
  text << std::ifstream(m_folder / "old").rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("the log " + log.string() + " cannot be reopened: Is a directory; going on with"));
}

TEST_F(CMasterTest, QuitDrains) {
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGQUIT ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGQUIT);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), Not(HasSubstr("[alert]")));
}

TEST_F(CMasterTest, OneWorkerThatCannotStartEndsTheStart) {
  const auto p_master = MakeMaster([](const SWorkerLaunch& launch, CChannel channel) {
    if (launch.slot == 0) return Serve(channel) == SIGTERM ? 0 : 1;
    channel.Send({EMessage::kFailed, 0, "no database", {}});
    return kExitDoNotRespawn;
  });
  EXPECT_EQ(StartError(*p_master), "no database");
  ExpectNoChildLeft();
}

TEST_F(CMasterTest, CrashInTheStartIsNamed) {
  const auto p_master = MakeMaster([](const SWorkerLaunch& launch, CChannel channel) {
    if (launch.slot == 1) kill(getpid(), SIGKILL);
    return Serve(channel) == SIGTERM ? 0 : 1;
  });
  EXPECT_EQ(StartError(*p_master), "worker process 1 was killed by SIGKILL during the start");
  ExpectNoChildLeft();
}

TEST_F(CMasterTest, SignalStopsTheStart) {
  const auto p_master = MakeMaster([](const SWorkerLaunch&, CChannel) {
    CSignals signals;
    CWaiter waiter;
    waiter.Add(signals.Fd(), 0);
    waiter.Wait();
    return 0;
  });
  kill(getpid(), SIGINT);
  EXPECT_EQ(StartError(*p_master), "SIGINT stopped the start");
  ExpectNoChildLeft();
}

TEST_F(CMasterTest, DeadWorkerIsReplacedAndWrittenOff) {
  const auto p_master = MakeMaster([this](const SWorkerLaunch& launch, CChannel channel) {
    if (launch.slot == 1) return Serve(channel) == SIGTERM ? 0 : 1;
    if (IsFirst()) {
      m_p_scoreboard->Page(launch.page).io.Add(ECounter::kConnectionsAccepted);
      m_p_scoreboard->Page(launch.page).connectionsActive = 1;
      Serve(channel, true);
      kill(getpid(), SIGKILL);
    }
    kill(getppid(), SIGTERM);
    return Serve(channel) == SIGTERM ? 0 : 1;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR1);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("was killed by SIGKILL"));
  EXPECT_EQ(m_p_scoreboard->ConnectionsActive(), 0u);
  EXPECT_EQ(m_p_scoreboard->Sum()[static_cast<size_t>(CounterOf(ECloseReason::kWorkerLost))], 1u);
  ExpectNoChildLeft();
}

TEST_F(CMasterTest, WorkerThatAsksForItIsNotReplaced) {
  m_config.server.workers = 1;
  const auto p_master = MakeMaster([](const SWorkerLaunch&, CChannel channel) {
    Serve(channel, true);
    return kExitDoNotRespawn;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR1);
  EXPECT_EQ(p_master->Run(), kExitFailed);
  EXPECT_THAT(Log(), HasSubstr("no worker is left"));
}

TEST_F(CMasterTest, WorkerThatOutlivesItsTimeIsKilled) {
  const auto p_master = MakeMaster([](const SWorkerLaunch& launch, CChannel channel) {
    Serve(channel);
    while (launch.slot == 1) pause();
    return 0;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGTERM);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("worker process 1"));
  EXPECT_THAT(Log(), HasSubstr("outlived the time to stop and is killed"));
  ExpectNoChildLeft();
}

SListenerConfig AnyPort() {
  SListenerConfig listener;
  listener.address = "127.0.0.1";
  listener.port = 0;
  return listener;
}

TEST_F(CMasterTest, ListenersAreKeptForTheNextWorker) {
  m_config.listeners = {AnyPort()};
  m_config.server.workers = 1;
  const auto p_master = MakeMaster([this](const SWorkerLaunch&, CChannel channel) {
    if (!m_listeners.Kept().empty()) {
      m_p_log->Info("adopted");
      kill(getppid(), SIGTERM);
      return Serve(channel) == SIGTERM ? 0 : 1;
    }
    channel.Send({EMessage::kListener, 0, {}, m_listeners.Open(0, 1)});
    Serve(channel, true);
    return 1;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR1);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("adopted"));
}

// What follows steers the master from its workers, or from a thread that watches the log.
class CMasterReloadTest : public CMasterTest {};

TEST_F(CMasterReloadTest, TheNextGenerationServesBeforeTheOldOneLeaves) {
  m_next.server.workers = 3;
  const auto p_master = MakeMaster([this](const SWorkerLaunch& launch, CChannel channel) {
    const bool isOld = launch.generation.Number() == 1;
    const int signal = Serve(channel);
    m_p_log->Info("generation {} slot {} got {}", launch.generation.Number(), launch.slot, CSignals::Name(signal));
    if (isOld && launch.slot == 0) kill(getppid(), SIGTERM);
    return signal == (isOld ? SIGQUIT : SIGTERM) ? 0 : 1;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(p_master->Run(), 0);
  const std::string log = Log();
  for (const char* p_line : {"generation 1 slot 0 got SIGQUIT", "generation 2 slot 2 got SIGTERM"}) {
    EXPECT_THAT(log, HasSubstr(p_line));
  }
  EXPECT_LT(log.rfind(" is ready"), log.find("generation 1 slot 0 got SIGQUIT"));
  EXPECT_THAT(log, Not(HasSubstr("[alert]")));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, TheReasonIsToldBefore) {
  m_config.server.workers = 1;
  m_next = m_config;
  const auto p_master = MakeMaster([this](const SWorkerLaunch& launch, CChannel channel) {
    Serve(channel);
    SMessage message;
    while (channel.Receive(message) == CChannel::EReceive::kMessage) {
      m_p_log->Info("generation {} goes for {}", launch.generation.Number(), static_cast<int>(message.reason));
    }
    if (launch.generation.Number() == 1) kill(getppid(), SIGQUIT);
    return 0;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("generation 1 goes for 2\n"));  // EGoAwayReason::kReload
  EXPECT_THAT(Log(), HasSubstr("generation 2 goes for 1\n"));
}

TEST_F(CMasterReloadTest, ABadConfigurationChangesNothing) {
  m_loadError = "switchboard.toml:7: business.threads: 0 is out of range";
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGTERM ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(RunUntil(*p_master, m_loadError), 0);
  EXPECT_THAT(Log(), HasSubstr("[error]"));
  EXPECT_THAT(Log(), Not(HasSubstr("generation 2")));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, AGenerationThatCannotStartIsDroppedAsAWhole) {
  m_config.server.shutdown_timeout = std::chrono::seconds(60);
  m_next = m_config;
  m_next.server.workers = 3;
  const auto p_master = MakeMaster([this](const SWorkerLaunch& launch, CChannel channel) {
    if (launch.generation.Number() == 1) return Serve(channel) == SIGTERM ? 0 : 1;
    if (launch.slot == 1) {
      channel.Send({EMessage::kFailed, 0, "no database", {}});
      return kExitDoNotRespawn;
    }
    const int signal = Serve(channel);
    if (IsFirst()) kill(getppid(), SIGTERM);
    return signal == SIGQUIT || signal == SIGTERM ? 0 : 1;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("the reload failed, and the old configuration stays: worker process 1 ("));
  EXPECT_THAT(Log(), HasSubstr("exited with code 78: no database"));
  EXPECT_THAT(Log(), Not(HasSubstr("reloaded")));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, WhatCannotChangeIsNamedAndStays) {
  m_config.server.workers = 1;
  m_next = m_config;
  m_next.server.pid_file = "other.pid";
  m_next.server.daemon = !m_config.server.daemon;
  m_next.business.threads = 7;
  const auto p_master = MakeMaster([this](const SWorkerLaunch& launch, CChannel channel) {
    const SConfig& config = launch.generation.Config();
    m_p_log->Info("runs with {} {}", config.server.pid_file, config.business.threads);
    Serve(channel);
    if (launch.generation.Number() == 1) kill(getppid(), SIGTERM);
    return 0;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(p_master->Run(), 0);
  EXPECT_THAT(Log(), HasSubstr("server.pid_file can't be changed by a reload"));
  EXPECT_THAT(Log(), HasSubstr("server.daemon can't be changed by a reload"));
  EXPECT_THAT(Log(), HasSubstr("runs with unit_proc.pid 7\n"));
}

TEST_F(CMasterReloadTest, ALogThatMovesSaysWhere) {
  const auto p_master = MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) != 0 ? 0 : 1; });
  m_next.log.file = (m_folder / "next").string();
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGHUP);
  EXPECT_EQ(RunUntil(*p_master, "the log goes on in " + m_next.log.file), 0);
  EXPECT_TRUE(std::filesystem::exists(m_folder / "next"));
}

TEST_F(CMasterReloadTest, RestingWorkersComeBack) {
  m_config.server.workers = 1;
  m_next = m_config;
  const auto p_master = MakeMaster([](const SWorkerLaunch& launch, CChannel channel) {
    const int signal = Serve(channel);
    if (launch.generation.Number() == 1) kill(getppid(), SIGHUP);
    return signal == (launch.generation.Number() == 1 ? SIGQUIT : SIGTERM) ? 0 : 1;
  });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGWINCH);
  EXPECT_EQ(RunUntil(*p_master, "reloaded: generation 2 serves"), 0);
  EXPECT_THAT(Log(), Not(HasSubstr("[alert]")));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, AnUpgradeThatCannotExecuteLeavesEverythingAsItWas) {
  m_config.server.workers = 1;
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGTERM ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR2);
  EXPECT_EQ(RunUntil(*p_master, "the upgrade failed"), 0);
  EXPECT_TRUE(std::filesystem::exists(m_folder / "pid"));
  EXPECT_FALSE(std::filesystem::exists(m_folder / "pid.oldbin"));
  EXPECT_THAT(Log(), HasSubstr("cannot execute /nowhere/switchboard in "));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, ANewBinaryThatHangsIsKilledAndTheNamesComeBack) {
  m_config.server.workers = 1;
  m_config.server.start_timeout = std::chrono::seconds(2);
  m_program = {"/bin/sleep", {"sleep", "1000"}, m_folder.string()};
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGTERM ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR2);
  EXPECT_EQ(RunUntil(*p_master, "the upgrade failed, and this binary goes on: the new binary was not ready in time"),
            0);
  EXPECT_TRUE(std::filesystem::exists(m_folder / "pid"));
  EXPECT_FALSE(std::filesystem::exists(m_folder / "pid.oldbin"));
  ExpectNoChildLeft();
}

TEST_F(CMasterReloadTest, AStopAtOnceLeavesNoNewBinaryThatNobodyCanReach) {
  m_config.server.workers = 1;
  m_program = {"/bin/sleep", {"sleep", "1000"}, m_folder.string()};
  const auto p_master =
      MakeMaster([](const SWorkerLaunch&, CChannel channel) { return Serve(channel) == SIGTERM ? 0 : 1; });
  EXPECT_EQ(StartError(*p_master), "");
  kill(getpid(), SIGUSR2);
  EXPECT_EQ(RunUntil(*p_master, "new binary: process "), 0);
  EXPECT_THAT(Log(), HasSubstr("the upgrade failed: the new binary was killed before it served"));
  ExpectNoChildLeft();
}

}  // namespace
}  // namespace switchboard
