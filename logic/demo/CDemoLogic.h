#pragma once

#include <memory>

#include "logic/CLogic.h"
#include "logic/demo/CAccountStore.h"

namespace switchboard {

// The logic of the program `switchboard`: Ping, Register, Login and Echo, and file transfer where it is
// configured.
class CDemoLogic final : public CLogic {
 public:
  CDemoLogic();

 private:
  // Opens accounts.db in server.working_directory.
  void OnWorkerStart() override;

  bool HandlePing(CRequest& request);
  bool HandleRegister(CRequest& request);
  bool HandleLogin(CRequest& request);
  bool HandleEcho(CRequest& request);

  std::unique_ptr<CAccountStore> m_p_accounts;
};

}  // namespace switchboard
