// What must not compile, one USE at a time: bodies that aren't packed. With PACKED defined all of it must.
#include <cstdint>

#include "logic/CLogic.h"
#include "testing/CTestPacket.h"

#ifdef PACKED
#pragma pack(push, 1)
#endif
struct SMoveBody {
  uint8_t unit;
  uint32_t x;
};
#ifdef PACKED
#pragma pack(pop)
#endif

namespace switchboard {

class CMoveLogic : public CLogic {
 public:
  CMoveLogic() { On(1, &CMoveLogic::HandleMove); }

 private:
  bool HandleMove(CRequest& request) {
#if defined(PACKED) || USE == 1
    if (request.Body<SMoveBody>() == nullptr) return false;
#endif
#if defined(PACKED) || USE == 2
    request.Reply(SMoveBody{});
#endif
#if defined(PACKED) || USE == 3
    request.Defer().Reply(SMoveBody{});
#endif
#if defined(PACKED) || USE == 4
    Send(request.Session(), 2, SMoveBody{});
#endif
#if defined(PACKED) || USE == 5
    const CTestBody body(SMoveBody{});
#endif
#if defined(PACKED) || USE == 6
    CTestPacket(1, request.Body()).As<SMoveBody>();
#endif
    return true;
  }
};

}  // namespace switchboard

int main() {
  const switchboard::CMoveLogic logic;
  return 0;
}
