// bench-server: a server as a user would write it, that echoes on the business pool (code 7, as the demo does) and
// inline (code 8). All options of `switchboard` apply.

#include "logic/MsgCode.h"
#include "proc/switchboard.h"

namespace {

class CBenchLogic final : public switchboard::CLogic {
 public:
  CBenchLogic() {
    On(switchboard::kEcho, &CBenchLogic::HandleEcho);
    On(switchboard::kEcho + 1, &CBenchLogic::HandleEcho, switchboard::Run::kInline);
  }

 private:
  bool HandleEcho(switchboard::CRequest& request) { return request.Reply(request.Body()); }
};

}  // namespace

int main(int argc, char** argv) { return switchboard::RunServer<CBenchLogic>(argc, argv); }
