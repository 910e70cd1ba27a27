// One chat room over all workers: join it with a name, say something to all members, ask for the time.
#pragma once

#include <switchboard.h>

#include <cstring>
#include <ctime>
#include <string>

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
    if (!greeting.empty()) Send(request.Session(), kSaid, greeting);
    return request.Join("lobby");
  }

  bool HandleSay(switchboard::CRequest& request) {
    std::string line = request.State<std::string>();
    if (line.empty()) return request.Reject(kNoMember);
    line.append(": ").append(reinterpret_cast<const char*>(request.Body().data()), request.Body().size());
    Counter("lines").Add();  // of switchboard --status
    return Publish("lobby", kSaid, line);
  }

  bool HandleTime(switchboard::CRequest& request) { return request.Reply(STimeBody{std::time(nullptr)}); }
};
