// One chat room: join it with a name, say something to all members, ask for the time.
#pragma once

#include <switchboard.h>

#include <cstring>
#include <ctime>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>

#include "ChatMessages.h"

// [chat] of the configuration.
struct SChatConfig {
  std::string greeting;
};

class CChatLogic : public switchboard::CLogic {
 public:
  static void Describe(switchboard::CConfigSchema& schema) {
    schema.Section<SChatConfig>("chat", "the room")
        .Text("greeting", &SChatConfig::greeting, "any text", "what a new member is told; \"\": nothing");
  }

  CChatLogic() {
    On(kJoin, &CChatLogic::HandleJoin);
    On(kSay, &CChatLogic::HandleSay, switchboard::Run::kPool, switchboard::Reply::kNone);
    On(kTime, &CChatLogic::HandleTime, switchboard::Run::kInline);
  }

 private:
  bool HandleJoin(switchboard::CRequest& request) {
    const auto* p_join = request.Body<SJoinBody>();
    if (p_join == nullptr) return false;  // too short: the client has been told
    if (p_join->name[0] == '\0') return request.Reject(kNoName);
    request.State<std::string>().assign(p_join->name, strnlen(p_join->name, sizeof(p_join->name)));
    request.Reply();
    const std::string& greeting = Config<SChatConfig>().greeting;
    if (!greeting.empty()) Send(request.Session(), kSaid, std::as_bytes(std::span(greeting)));
    const std::lock_guard lock(m_mutex);
    m_members.insert(request.Session());
    return true;
  }

  bool HandleSay(switchboard::CRequest& request) {
    std::string line = request.State<std::string>();
    if (line.empty()) return request.Reject(kNoMember);
    line.append(": ").append(reinterpret_cast<const char*>(request.Body().data()), request.Body().size());
    Counter("lines").Add();  // of switchboard --status
    for (const switchboard::CSession& member : CopyMembers()) Send(member, kSaid, std::as_bytes(std::span(line)));
    return true;
  }

  bool HandleTime(switchboard::CRequest& request) { return request.Reply(STimeBody{std::time(nullptr)}); }

  void OnDisconnect(switchboard::CSessionContext& context, switchboard::ECloseReason) override {
    const std::lock_guard lock(m_mutex);
    m_members.erase(context.Session());
  }

  // Handlers of different connections run in parallel, and nothing is sent under the lock.
  std::unordered_set<switchboard::CSession> CopyMembers() {
    const std::lock_guard lock(m_mutex);
    return m_members;
  }

  std::mutex m_mutex;
  std::unordered_set<switchboard::CSession> m_members;
};
