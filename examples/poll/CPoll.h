// A module that any server can use: handlers, a route, a section of the configuration, counters, a timer, and a state
// of its own for each session. docs/HANDLERS.md walks through it.
#pragma once

#include <switchboard.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "PollMessages.h"

// [poll]
struct SPollConfig {
  uint32_t voters = 100;
  std::chrono::milliseconds length{60000};
};

// Asks all clients the same question, again and again.
class CPoll : public switchboard::CModule {
 public:
  CPoll() {
    On(kVote, &CPoll::HandleVote);
    On(kResult, &CPoll::HandleResult);
    OnHttp("/poll", &CPoll::HandlePage);
  }

  // Whoever uses the module has this section: with -t, at a reload, and in --help-config.
  static void Describe(switchboard::CConfigSchema& schema) {
    schema.Section<SPollConfig>("poll", "a question to all clients")
        .Number("voters", &SPollConfig::voters, {1, 10000, "clients"}, "that may vote in one poll")
        .Seconds("length_s", &SPollConfig::length, 1, 86400, "that a poll takes");
  }

  void OnWorkerStart() override {
    m_config = Config<SPollConfig>();
    AddTimer(m_config.length, m_config.length, [this] { EndPoll(); });
  }

 private:
  // Of each client; no other module sees it.
  struct SVoter {
    uint64_t votedIn = 0;  // the number of the poll
  };

  bool HandleVote(switchboard::CRequest& request) {
    const auto* p_vote = request.Body<SVoteBody>();
    if (p_vote == nullptr) return false;
    auto& voter = request.State<SVoter>();
    {
      const std::lock_guard lock(m_mutex);
      if (voter.votedIn == m_poll || m_voters.size() >= m_config.voters) return false;
      voter.votedIn = m_poll;
      m_voters.push_back(request.Session());
      (p_vote->isYes != 0 ? m_result.yes : m_result.no) += 1;
    }
    Counter("votes").Add();
    return request.Reply();
  }
  bool HandleResult(switchboard::CRequest& request) { return request.Reply(Result()); }
  bool HandlePage(switchboard::CHttpRequest& request) {
    const SResultBody result = Result();
    return request.Reply("text/plain",
                         "yes " + std::to_string(result.yes) + ", no " + std::to_string(result.no) + "\n");
  }

  SResultBody Result() {
    const std::lock_guard lock(m_mutex);
    return m_result;
  }
  void EndPoll() {
    SResultBody result{};
    std::vector<switchboard::CSession> voters;
    {
      const std::lock_guard lock(m_mutex);
      std::swap(result, m_result);
      voters.swap(m_voters);
      ++m_poll;
    }
    // Not with the lock held. Who is gone by now gets nothing.
    for (const switchboard::CSession& voter : voters) Send(voter, kResult, result);
  }

  SPollConfig m_config;  // constant once the worker serves

  // Handlers of different clients run at the same time, and the timer with them.
  std::mutex m_mutex;
  uint64_t m_poll = 1;
  SResultBody m_result{};
  std::vector<switchboard::CSession> m_voters;
};
