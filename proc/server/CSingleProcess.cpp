#include "proc/server/CSingleProcess.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proc/sys/CSignals.h"
#include "proc/worker/CGeneration.h"
#include "proc/worker/CWorker.h"

namespace switchboard {

namespace {

// What the worker told its master about a failed start; empty when it said nothing.
std::string FailureIn(CChannel& line) {
  for (SMessage message; line.Receive(message) == CChannel::EReceive::kMessage;) {
    if (message.kind == EMessage::kFailed) return message.text;
  }
  return "";
}

}  // namespace

int CSingleProcess::Run() {
  const CGeneration generation(1, Simplify(), m_deps.listeners.Reserve(m_deps.config.listeners), 1, m_deps.clock);
  std::vector<std::string> addresses;
  for (const uint32_t listener : generation.Listeners()) addresses.push_back(m_deps.listeners.Address(listener));

  const uint32_t index = m_deps.scoreboard.FreePage();
  SWorkerPage& page = m_deps.scoreboard.Page(index);
  const uint32_t process = m_deps.numbers.Next();
  page.Begin(getpid(), 0, process, generation.Number(), m_deps.clock.Now());

  const SWorkerAlone alone{[&] {
                             page.state.store(EWorkerState::kServing, std::memory_order_relaxed);
                             for (const std::string& address : addresses) m_deps.log.Info("listening on {}", address);
                           },
                           [this](int signal) { Refuse(signal); }};
  auto [mastersEnd, workersEnd] = CChannel::MakePair();
  const SWorkerDeps deps{m_deps.log,       m_deps.clock,  m_deps.privileges,
                         m_deps.listeners, page,          m_deps.scoreboard.Quarantine(),
                         m_deps.factory,   m_deps.wishes, &alone};
  const int exitCode = CWorker(deps, {0, index, process, generation}, std::move(workersEnd)).Run();
  if (const std::string failure = FailureIn(mastersEnd); !failure.empty()) throw std::runtime_error(failure);
  return exitCode;
}

SConfig CSingleProcess::Simplify() const {
  SConfig config = m_deps.config;
  if (config.business.mode == EBusinessMode::kProcessPool) {
    throw std::runtime_error("business.mode: \"process_pool\" needs more than a single process");
  }
  if (config.server.sandbox == ESandbox::kStrict) {
    throw std::runtime_error("server.sandbox: \"strict\" needs more than a single process, which is not sandboxed");
  }
  for (SListenerConfig& listener : config.listeners) listener.accept = EAcceptMode::kReusePort;
  return config;
}

void CSingleProcess::Refuse(int signal) const {
  const std::string line = fmt::format("{}: a server in a single process can't be reloaded, upgraded or put to rest",
                                       CSignals::Name(signal));
  m_deps.log.Warn("{}", line);
  if (signal == SIGWINCH) return;
  COutcomes& outcomes = signal == SIGHUP ? m_deps.scoreboard.Reloads() : m_deps.scoreboard.Upgrades();
  outcomes.Begin();
  outcomes.End(false, line);
  m_deps.scoreboard.Announce();
}

}  // namespace switchboard
