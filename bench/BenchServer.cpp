// bench-server: a server as a user would write it, that echoes on the business pool (code 7, as the demo does) and
// inline (code 8), and logs one numbered line for each packet (code 9), which it answers with an empty body. All
// options of `switchboard` apply.

#include <atomic>

#include "logic/MsgCode.h"
#include "misc/CLog.h"
#include "proc/switchboard.h"

namespace {

class CBenchLogic final : public switchboard::CLogic {
 public:
  CBenchLogic() {
    On(switchboard::kEcho, &CBenchLogic::HandleEcho);
    On(switchboard::kEcho + 1, &CBenchLogic::HandleEcho, switchboard::Run::kInline);
    On(switchboard::kEcho + 2, &CBenchLogic::HandleLog);
  }

 private:
  bool HandleEcho(switchboard::CRequest& request) { return request.Reply(request.Body()); }
  bool HandleLog(switchboard::CRequest& request) {
    Log().Info("event {} of this worker, and that is all of it", ++m_events);
    return request.Reply({});
  }

  std::atomic<uint64_t> m_events{0};
};

}  // namespace

int main(int argc, char** argv) { return switchboard::RunServer<CBenchLogic>(argc, argv); }
