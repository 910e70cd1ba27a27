// A server of nothing but file transfer: the files beneath transfer.root, under msgCodes of its own.
#include <switchboard.h>

constexpr uint16_t kFirstFileCode = 1000;  // and the eight after it

class CFilesLogic : public switchboard::CLogic {
 public:
  CFilesLogic() { Use<switchboard::CFileTransfer>(kFirstFileCode); }
};

int main(int argc, char** argv) { return switchboard::RunServer<CFilesLogic>(argc, argv); }
