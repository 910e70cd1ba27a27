#pragma once

#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include "logic/CModule.h"
#include "tests/support/TestMessages.h"

namespace switchboard {

// Does with the hub what a kTestHub says, in words, and answers with what came of it.
class CHubModule : public CModule {
 public:
  CHubModule() { On(kTestHub, &CHubModule::HandleHub); }

 private:
  static std::string Text(bool isTrue) { return isTrue ? "yes" : "no"; }
  static CSession SessionIn(const std::string& text) {
    uint32_t numbers[3] = {};
    std::istringstream stream(text);
    for (uint32_t& number : numbers) {
      stream >> number;
      stream.ignore();
    }
    return {numbers[0], numbers[1], numbers[2]};
  }

  bool HandleHub(CRequest& request) {
    const std::string order(reinterpret_cast<const char*>(request.Body().data()), request.Body().size());
    std::istringstream words(order);
    std::string verb;
    std::string name;
    words >> verb;
    std::getline(words.ignore(), name, '|');
    std::string text;
    std::getline(words, text, '\0');
    return request.Reply(Do(request, verb, name, text));
  }

  std::string Do(CRequest& request, const std::string& verb, const std::string& name, const std::string& text) {
    if (verb == "join") return Text(request.Join(name));
    if (verb == "leave") return Text(Leave(request.Session(), name));
    if (verb == "bind") return Text(request.Bind(name));
    if (verb == "bind-replace") return Text(request.Bind(name, Login::kReplace));
    if (verb == "bind-refuse") return Text(request.Bind(name, Login::kRefuse));
    if (verb == "unbind") return Text(Unbind(request.Session(), name));
    if (verb == "publish") return Text(Publish(name, kTestPush, text));
    if (verb == "others") return Text(request.Publish(name, kTestPush, BytesOf(text)));
    if (verb == "send-to") return Text(SendTo(name, kTestPush, text));
    if (verb == "broadcast") return Text(Broadcast(kTestPush, text));
    if (verb == "send") return Text(Send(SessionIn(name), kTestPush, text));
    if (verb == "close") return Text(Close(SessionIn(name)));
    if (verb == "close-user") return Text(Close(std::string_view(name)));
    if (verb == "online") return Text(IsOnline(name));
    if (verb == "count") return std::to_string(Count(name));
    if (verb == "me") return request.Session().ToString();
    std::string members;
    if (verb == "members") {
      for (const CSession& member : Members(name)) members += member.ToString() + "\n";
    }
    return members;
  }
};

}  // namespace switchboard
