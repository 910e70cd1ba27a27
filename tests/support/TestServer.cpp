#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logic/CLogic.h"
#include "misc/CLog.h"
#include "misc/file/CFd.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CThread.h"
#include "proc/server/RunServer.h"
#include "tests/support/CHubModule.h"
#include "tests/support/TestMessages.h"
#include "tests/support/Transgressions.h"

namespace switchboard {

namespace {

using Clock = std::chrono::steady_clock;

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

// By the title of the process.
uint32_t WorkerSlot() {
  std::ifstream file("/proc/self/cmdline");
  const std::string title{std::istreambuf_iterator<char>(file), {}};
  return static_cast<uint32_t>(std::atoi(title.c_str() + title.find_last_of(' ') + 1));
}

// Answers deferred requests on a thread of its own, each at its time. Threads: any, except Stop.
class CLateAnswers {
 public:
  CLateAnswers() : m_thread("test-later", [this] { Run(); }) {}
  ~CLateAnswers() { Stop(); }
  CLateAnswers(const CLateAnswers&) = delete;
  CLateAnswers& operator=(const CLateAnswers&) = delete;

  void Add(Clock::time_point at, CDeferredReply reply) {
    {
      CMutexLock lock(m_mutex);
      m_answers.emplace(at, std::move(reply));
    }
    m_changed.NotifyOne();
  }
  void Stop() {
    {
      CMutexLock lock(m_mutex);
      m_isStopping = true;
    }
    m_changed.NotifyOne();
    m_thread.Join();
  }

 private:
  using AnswerMap = std::multimap<Clock::time_point, CDeferredReply>;

  void Run() {
    while (AnswerMap::node_type due = TakeDue()) due.mapped().Reply(BytesOf("late"));
  }
  // Waits for the next one that is due; empty when the thread is to end.
  AnswerMap::node_type TakeDue() {
    CMutexLock lock(m_mutex);
    while (!m_isStopping) {
      if (m_answers.empty()) {
        m_changed.Wait(m_mutex);
      } else if (m_answers.begin()->first <= Clock::now()) {
        return m_answers.extract(m_answers.begin());
      } else {
        const Clock::time_point next = m_answers.begin()->first;
        m_changed.WaitUntil(m_mutex, next);
      }
    }
    return {};
  }

  CMutex m_mutex;
  CCondition m_changed;
  AnswerMap m_answers GUARDED_BY(m_mutex);
  bool m_isStopping GUARDED_BY(m_mutex) = false;
  CThread m_thread;
};

// Holds whoever comes until somebody opens it, or until `until`. Threads: any.
class CGate {
 public:
  void Open() {
    {
      CMutexLock lock(m_mutex);
      m_isOpen = true;
    }
    m_opened.NotifyAll();
  }
  void AwaitOpen(Clock::time_point until) {
    CMutexLock lock(m_mutex);
    while (!m_isOpen && m_opened.WaitUntil(m_mutex, until)) {
    }
  }

 private:
  CMutex m_mutex;
  CCondition m_opened;
  bool m_isOpen GUARDED_BY(m_mutex) = false;
};

// [test] of the configuration.
struct STestConfig {
  uint32_t number = 7;
  std::string readable;
  std::string writable;
};

// [gauge]
struct SGaugeConfig {
  uint32_t width = 3;
};

// A module that brings a section and a counter.
class CGauge final : public CModule {
 public:
  CGauge() { On(kTestGauge, &CGauge::HandleGauge); }

  static void Describe(CConfigSchema& schema) {
    schema.Section<SGaugeConfig>("gauge", "of a module of the system tests")
        .Number("width", &SGaugeConfig::width, {1, 9, "feet"}, "the answer to kTestGauge");
  }

 private:
  bool HandleGauge(CRequest& request) {
    Counter("gauged").Add();
    STestNumber number;
    number.value = Config<SGaugeConfig>().width;
    return request.Reply(number);
  }
};

// The logic that the system tests torment the framework with; TestMessages.h says what each handler does.
class CTestLogic final : public CLogic {
 public:
  CTestLogic();

  static void Describe(CConfigSchema& schema) {
    schema.Section<STestConfig>("test", "of the system tests")
        .Number("number", &STestConfig::number, {1, 1000, "pieces"}, "the answer to kTestConfig")
        .Text("readable", &STestConfig::readable, "a path", "that a handler may read")
        .Text("writable", &STestConfig::writable, "a path", "that a handler may write");
    schema.Sandbox().AllowRead(&STestConfig::readable).AllowWrite(&STestConfig::writable);
  }

 private:
  struct SCount {
    uint32_t value = 0;
    bool diesAtTheEnd = false;
  };

  void OnWorkerStart() override;
  void OnWorkerStop() override;
  void OnConnect(CSessionContext&) override;
  void OnDisconnect(CSessionContext& session, ECloseReason) override {
    --m_present;
    if (session.State<SCount>().diesAtTheEnd) std::abort();
  }
  void OnLost(uint32_t process) override {
    Counter("lost").Add(1);
    if (m_diesOfLoss) std::abort();
    Log().Info("OnLost of process {} in {}", process, getpid());
  }

  bool HandleEcho(CRequest& request) { return request.Reply(request.Body()); }
  bool HandleWhere(CRequest& request);
  bool HandleSession(CRequest& request) { return request.Reply(BytesOf(request.Session().ToString())); }
  bool HandleThrow(CRequest&) { throw std::runtime_error("thrown on purpose"); }
  bool HandleThrowInt(CRequest&) { throw 42; }
  bool HandleFalse(CRequest&) { return false; }
  bool HandleTrue(CRequest&) { return true; }
  bool HandleTwice(CRequest& request);
  bool HandleStruct(CRequest& request);
  bool HandleTooBig(CRequest& request);
  bool HandleBig(CRequest& request);
  bool HandlePushes(CRequest& request);
  bool HandleBlock(CRequest& request);
  bool HandleAwaitGate(CRequest& request);
  bool HandleOpenGate(CRequest& request);
  bool HandleCount(CRequest& request);
  bool HandleDefer(CRequest& request);
  bool HandleDeferForever(CRequest& request);
  bool HandleDeferDrop(CRequest& request);
  bool HandleCloseMe(CRequest& request);
  bool HandleAbort(CRequest&) { std::abort(); }
  bool HandleCrowd(CRequest& request);
  bool HandleTorment(CRequest& request);
  void PostForever() {
    Post([this] { PostForever(); });
  }
  bool HandleConfig(CRequest& request);
  bool HandleSample(CRequest& request);
  bool HandleTransgress(CRequest& request);
  bool HandleTransgressThread(CRequest& request);
  bool HandleScribble(CRequest& request);
  bool HandleTruncate(CRequest& request);
  bool HandleBabble(CRequest& request);
  bool HandleForgeName(CRequest& request);
  bool HandleTooBigOnly(CRequest& request) { return request.Reply(TooBig()); }
  bool HandleDeferTooBig(CRequest& request) { return !request.Defer().Reply(TooBig()); }
  bool HandlePushTarget(CRequest& request);
  bool HandlePushEmpty(CRequest& request);
  bool HandleAbout(CRequest& request) {
    return request.Reply("worker " + std::to_string(WorkerNumber()) + ", listener " +
                         std::to_string(request.Listener()));
  }

  static std::span<const std::byte> TooBig() {
    static const std::vector<std::byte> body(kMaxBodyBytes + 1);
    return body;
  }

  bool RouteEcho(CHttpRequest& request);
  bool RouteWhere(CHttpRequest& request);
  bool RouteGate(CHttpRequest& request);
  bool RouteWrong(CHttpRequest& request);

  std::atomic<uint32_t> m_present{0};
  std::atomic<uint32_t> m_crowd{0};
  std::atomic<bool> m_diesOfLoss{false};
  CGate m_gate;
  CMutex m_targetMutex;
  CSession m_target GUARDED_BY(m_targetMutex);
  std::byte* m_p_name = nullptr;  // of the counter "samples", once it was forged
  std::unique_ptr<CLateAnswers> m_p_lateAnswers;
};

CTestLogic::CTestLogic() {
  Use<CGauge>();
  Use<CHubModule>();
  On(kTestEcho, &CTestLogic::HandleEcho);
  On(kTestEchoInline, &CTestLogic::HandleEcho, Run::kInline);
  On(kTestWhere, &CTestLogic::HandleWhere);
  On(kTestWhereInline, &CTestLogic::HandleWhere, Run::kInline);
  On(kTestSession, &CTestLogic::HandleSession);
  On(kTestThrow, &CTestLogic::HandleThrow);
  On(kTestThrowInline, &CTestLogic::HandleThrow, Run::kInline);
  On(kTestThrowInt, &CTestLogic::HandleThrowInt);
  On(kTestFalse, &CTestLogic::HandleFalse);
  On(kTestSilent, &CTestLogic::HandleTrue);
  On(kTestTwice, &CTestLogic::HandleTwice);
  On(kTestStruct, &CTestLogic::HandleStruct);
  On(kTestOneWay, &CTestLogic::HandleTrue, Run::kPool, Reply::kNone);
  On(kTestOneWayFalse, &CTestLogic::HandleFalse, Run::kPool, Reply::kNone);
  On(kTestOneWayReply, &CTestLogic::HandleEcho, Run::kPool, Reply::kNone);
  On(kTestTooBig, &CTestLogic::HandleTooBig);
  On(kTestTooBigOnly, &CTestLogic::HandleTooBigOnly);
  On(kTestDeferTooBig, &CTestLogic::HandleDeferTooBig);
  On(kTestPushTarget, &CTestLogic::HandlePushTarget);
  On(kTestPushEmpty, &CTestLogic::HandlePushEmpty);
  On(kTestAbout, &CTestLogic::HandleAbout);
  On(kTestBabble, &CTestLogic::HandleBabble, Run::kBlocking);
  On(kTestForgeName, &CTestLogic::HandleForgeName);
  On(kTestBig, &CTestLogic::HandleBig);
  On(kTestPushes, &CTestLogic::HandlePushes);
  On(kTestBlock, &CTestLogic::HandleBlock, Run::kBlocking);
  On(kTestBlockInline, &CTestLogic::HandleBlock, Run::kInline);
  On(kTestAwaitGate, &CTestLogic::HandleAwaitGate, Run::kBlocking);
  On(kTestOpenGate, &CTestLogic::HandleOpenGate, Run::kInline);
  On(kTestCount, &CTestLogic::HandleCount);
  On(kTestDefer, &CTestLogic::HandleDefer);
  On(kTestDeferInline, &CTestLogic::HandleDefer, Run::kInline);
  On(kTestDeferForever, &CTestLogic::HandleDeferForever);
  On(kTestDeferDrop, &CTestLogic::HandleDeferDrop);
  On(kTestCloseMe, &CTestLogic::HandleCloseMe);
  On(kTestAbort, &CTestLogic::HandleAbort);
  On(kTestCrowd, &CTestLogic::HandleCrowd);
  On(kTestTorment, &CTestLogic::HandleTorment);
  On(kTestConfig, &CTestLogic::HandleConfig);
  On(kTestTransgress, &CTestLogic::HandleTransgress);
  On(kTestTransgressInline, &CTestLogic::HandleTransgress, Run::kInline);
  On(kTestTransgressBlocking, &CTestLogic::HandleTransgress, Run::kBlocking);
  On(kTestTransgressThread, &CTestLogic::HandleTransgressThread);
  On(kTestScribble, &CTestLogic::HandleScribble);
  On(kTestTruncate, &CTestLogic::HandleTruncate);
  On(kTestSample, &CTestLogic::HandleSample);
  On(kTestSampleInline, &CTestLogic::HandleSample, Run::kInline);
  OnHttp("/route/echo", &CTestLogic::RouteEcho);
  OnHttp("/route/where", &CTestLogic::RouteWhere);
  OnHttp("/route/await-gate", &CTestLogic::RouteGate, Run::kBlocking);
  OnHttp("/route/open-gate", &CTestLogic::RouteGate);
  OnHttp("/route/wrong", &CTestLogic::RouteWrong);
}

void CTestLogic::OnWorkerStart() {
  if (std::filesystem::exists(kTestCrashFile)) std::abort();
  if (std::filesystem::exists(kTestHangFile)) CGate().AwaitOpen(Clock::now() + std::chrono::minutes(2));
  if (std::filesystem::exists(kTestRefuseFile)) throw std::runtime_error("this logic refuses to start");
  if (std::filesystem::exists(kTestSocketFile) && !CFd(socket(AF_INET, SOCK_STREAM, 0)).IsValid()) {
    throw std::runtime_error(std::string("no way to the database: ") + std::strerror(errno));
  }
  m_p_lateAnswers = std::make_unique<CLateAnswers>();
}

void CTestLogic::OnWorkerStop() { m_p_lateAnswers.reset(); }

void CTestLogic::OnConnect(CSessionContext&) {
  const uint32_t present = ++m_present;
  uint32_t crowd = m_crowd;
  while (crowd < present && !m_crowd.compare_exchange_weak(crowd, present)) {
  }
}

bool CTestLogic::HandleCrowd(CRequest& request) {
  STestNumber number;
  number.value = m_crowd;
  return request.Reply(number);
}

bool CTestLogic::HandleTorment(CRequest& request) {
  const std::string how(reinterpret_cast<const char*>(request.Body().data()), request.Body().size());
  if (how == "exit") std::exit(0);
  if (how == "_exit") _exit(0);
  if (how == "disconnect") request.State<SCount>().diesAtTheEnd = true;
  if (how == "job") Post([] { std::abort(); });
  if (how == "timer") AddTimer(std::chrono::milliseconds(1), [] { std::abort(); });
  if (how == "post-forever") PostForever();
  if (how == "post-many") {
    for (int i = 0; i < 1000; ++i) Post([] {});
  }
  if (how == "lost") m_diesOfLoss = true;
  if (how == "astray") CThread("test-rogue", [] { throw std::runtime_error("astray"); }).Join();
  if (how == "no-memory") CThread("test-rogue", [] { throw std::bad_alloc(); }).Join();
  return request.Reply();
}

bool CTestLogic::HandleConfig(CRequest& request) {
  STestNumber number;
  number.value = Config<STestConfig>().number;
  return request.Reply(number);
}

bool CTestLogic::HandleSample(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  Counter("samples").Add(p_number->value);
  return request.Reply();
}

namespace {

std::string_view TextOf(const CRequest& request) {
  return {reinterpret_cast<const char*>(request.Body().data()), request.Body().size()};
}

}  // namespace

bool CTestLogic::HandleTransgress(CRequest& request) {
  STestNumber number;
  number.value = static_cast<uint32_t>(Transgress(TextOf(request)));
  return request.Reply(number);
}

bool CTestLogic::HandleTransgressThread(CRequest& request) {
  STestNumber number;
  CThread("test-thief", [&] { number.value = static_cast<uint32_t>(Transgress(TextOf(request))); }).Join();
  return request.Reply(number);
}

bool CTestLogic::HandleScribble(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  Scribble(100, p_number->value);
  return request.Reply();
}

bool CTestLogic::HandleTruncate(CRequest& request) {
  TruncateShared();
  return request.Reply();
}

bool CTestLogic::HandleBabble(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  STestNumber taken;
  taken.value = Babble(p_number->value);
  return request.Reply(taken);
}

bool CTestLogic::HandleForgeName(CRequest& request) {
  if (m_p_name == nullptr) m_p_name = FindShared("samples");
  if (m_p_name == nullptr) return false;
  Forge(m_p_name, TextOf(request));
  return request.Reply();
}

bool CTestLogic::HandlePushTarget(CRequest& request) {
  {
    CMutexLock lock(m_targetMutex);
    m_target = request.Session();
  }
  return request.Reply();
}

bool CTestLogic::HandlePushEmpty(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  CSession target;
  {
    CMutexLock lock(m_targetMutex);
    target = m_target;
  }
  for (uint32_t i = 0; i < p_number->value; ++i) {
    if (!Send(target, kTestPush, {})) break;
  }
  return request.Reply();
}

bool CTestLogic::HandleWhere(CRequest& request) {
  STestPlace place{};
  place.pid = static_cast<uint32_t>(getpid());
  place.worker = WorkerSlot();
  pthread_getname_np(pthread_self(), place.thread, sizeof(place.thread));
  return request.Reply(place);
}

bool CTestLogic::HandleTwice(CRequest& request) {
  const bool isFirstTaken = request.Reply(BytesOf("first"));
  return isFirstTaken && !request.Reply(BytesOf("second")) && !request.Reject(ERejectReason::kHandlerFailed);
}

bool CTestLogic::HandleStruct(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  return p_number != nullptr && request.Reply(*p_number);
}

bool CTestLogic::HandleTooBig(CRequest& request) {
  const std::vector<std::byte> body(kMaxBodyBytes + 1);
  return !request.Reply(std::span<const std::byte>(body)) && request.Reply(BytesOf("too big"));
}

bool CTestLogic::HandleBig(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  const std::vector<std::byte> body(p_number->value, std::byte{0x5a});
  return request.Reply(std::span<const std::byte>(body));
}

bool CTestLogic::HandlePushes(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  struct SPush {
    STestNumber number;
    char filling[996];
  } push{};
  for (uint32_t i = 0; i < p_number->value; ++i) {
    push.number.value = i;
    if (!Send(request.Session(), kTestPush, push)) break;
  }
  return request.Reply();
}

bool CTestLogic::HandleBlock(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  CGate().AwaitOpen(Clock::now() + std::chrono::milliseconds(p_number->value));
  return request.Reply(request.Body());
}

bool CTestLogic::HandleAwaitGate(CRequest& request) {
  m_gate.AwaitOpen(Clock::now() + std::chrono::minutes(2));
  return request.Reply(request.Body());
}

bool CTestLogic::HandleOpenGate(CRequest& request) {
  m_gate.Open();
  return request.Reply();
}

bool CTestLogic::HandleCount(CRequest& request) {
  STestNumber number;
  number.value = ++request.State<SCount>().value;
  return request.Reply(number);
}

bool CTestLogic::HandleDefer(CRequest& request) {
  const auto* p_number = request.Body<STestNumber>();
  if (p_number == nullptr) return false;
  const auto at = Clock::now() + std::chrono::milliseconds(p_number->value);
  m_p_lateAnswers->Add(at, request.Defer());
  return true;
}

bool CTestLogic::HandleDeferForever(CRequest& request) {
  m_p_lateAnswers->Add(Clock::now() + std::chrono::hours(1000), request.Defer());
  return true;
}

bool CTestLogic::HandleDeferDrop(CRequest& request) {
  request.Defer();
  return true;
}

bool CTestLogic::HandleCloseMe(CRequest& request) {
  Close(request.Session());
  return request.Reply(BytesOf("bye"));
}

// Answers with the query and the body.
bool CTestLogic::RouteEcho(CHttpRequest& request) {
  return request.Reply("text/plain", std::string(request.Query()) + std::string(request.Body()));
}

bool CTestLogic::RouteWrong(CHttpRequest& request) {
  if (request.Query() == "invalid") request.Reply("text/plain\r\nX: y", "");
  if (request.Query() == "large") request.Reply("text/plain", std::string(request.MaxReplyBytes() + 1, 'x'));
  if (request.Query() == "drop") request.Defer();
  return true;
}

// Answers with the name of the thread.
bool CTestLogic::RouteWhere(CHttpRequest& request) {
  std::array<char, 16> thread{};
  pthread_getname_np(pthread_self(), thread.data(), thread.size());
  return request.Reply("text/plain", thread.data());
}

bool CTestLogic::RouteGate(CHttpRequest& request) {
  if (request.Path() == "/route/open-gate") {
    m_gate.Open();
  } else {
    m_gate.AwaitOpen(Clock::now() + std::chrono::minutes(2));
  }
  return request.Reply("text/plain", "open");
}

}  // namespace

}  // namespace switchboard

int main(int argc, char** argv) { return switchboard::RunServer<switchboard::CTestLogic>(argc, argv); }
