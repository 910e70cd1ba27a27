// Files and dynamic answers over HTTP: docs/HTTP.md says how to start it.
#include <switchboard.h>

#include <ctime>
#include <string>

class CWebLogic : public switchboard::CLogic {
 public:
  CWebLogic() {
    OnHttp("/time", &CWebLogic::HandleTime);
    OnHttp("/greet", &CWebLogic::HandleGreet);
    OnHttp("/later", &CWebLogic::HandleLater);
  }

 private:
  bool HandleTime(switchboard::CHttpRequest& request) {
    return request.Reply("application/json", "{\"time\": " + std::to_string(std::time(nullptr)) + "}\n");
  }

  // GET /greet?name=… or a form that is posted.
  bool HandleGreet(switchboard::CHttpRequest& request) {
    const bool isPost = request.Method() == switchboard::EHttpMethod::kPost;
    const std::string_view form = isPost ? request.Body() : request.Query();
    const auto name = switchboard::CHttpRequest::ValueOf(form, "name");
    if (!name || name->empty()) return request.Reply({.status = 400, .body = "who are you?\n"});
    return request.Reply("text/plain; charset=utf-8", "hello, " + *name + "\n");
  }

  // Answers a second later, without holding a thread meanwhile.
  bool HandleLater(switchboard::CHttpRequest& request) {
    auto p_reply = std::make_shared<switchboard::CDeferredHttpReply>(request.Defer());
    AddTimer(std::chrono::seconds(1),
             [p_reply] { p_reply->Reply("text/plain; charset=utf-8", "that was a second\n"); });
    return true;
  }
};

int main(int argc, char** argv) { return switchboard::RunServer<CWebLogic>(argc, argv); }
