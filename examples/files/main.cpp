// A server of nothing but file transfer: the files beneath transfer.root, under msgCodes of its own.
#include <switchboard.h>

constexpr uint16_t kFirstFileCode = 1000;  // and the eight after it

class CFilesLogic : public switchboard::CLogic {
 public:
  CFilesLogic() {
    for (const uint16_t code : m_transfer.Codes()) {
      On(code, &CFilesLogic::HandleTransfer, switchboard::Run::kBlocking);
    }
  }

 private:
  void OnWorkerStart() override { m_transfer.Start(*this); }
  void OnDisconnect(switchboard::CSessionContext& context, switchboard::ECloseReason) override {
    m_transfer.End(context.Session());
  }
  bool HandleTransfer(switchboard::CRequest& request) { return m_transfer.Handle(request); }

  switchboard::CFileTransfer m_transfer{kFirstFileCode};
};

int main(int argc, char** argv) { return switchboard::RunServer<CFilesLogic>(argc, argv); }
