#include "logic/transfer/TransferStatus.h"

namespace switchboard {

ETransferStatus StatusOf(EFileError error) {
  switch (error) {
    case EFileError::kNone:
      return ETransferStatus::kOk;
    case EFileError::kNotFound:
      return ETransferStatus::kNotFound;
    case EFileError::kForbidden:
      return ETransferStatus::kDenied;
    case EFileError::kIsDirectory:
    case EFileError::kNotRegular:
      return ETransferStatus::kNotAFile;
    case EFileError::kExists:
      return ETransferStatus::kExists;
    case EFileError::kNoSpace:
      return ETransferStatus::kNoSpace;
    case EFileError::kTooManyDescriptors:
      return ETransferStatus::kTooManyOpen;
    case EFileError::kOther:
      break;
  }
  return ETransferStatus::kIoError;
}

const char* ToString(ETransferStatus status) {
  switch (status) {
    case ETransferStatus::kOk:
      return "ok";
    case ETransferStatus::kNotFound:
      return "not_found";
    case ETransferStatus::kDenied:
      return "denied";
    case ETransferStatus::kNotAFile:
      return "not_a_file";
    case ETransferStatus::kNotADirectory:
      return "not_a_directory";
    case ETransferStatus::kExists:
      return "exists";
    case ETransferStatus::kReadOnly:
      return "read_only";
    case ETransferStatus::kTooLarge:
      return "too_large";
    case ETransferStatus::kNoSpace:
      return "no_space";
    case ETransferStatus::kBadHandle:
      return "bad_handle";
    case ETransferStatus::kTooManyOpen:
      return "too_many_open";
    case ETransferStatus::kBadOffset:
      return "bad_offset";
    case ETransferStatus::kBusy:
      return "busy";
    case ETransferStatus::kBadName:
      return "bad_name";
    case ETransferStatus::kIoError:
      return "io_error";
  }
  return "unknown";
}

SStatReply StatReplyOf(const struct stat& status) {
  const EFileKind kind = S_ISREG(status.st_mode)   ? EFileKind::kFile
                         : S_ISDIR(status.st_mode) ? EFileKind::kDirectory
                                                   : EFileKind::kOther;
  SStatReply reply{};
  reply.kind = static_cast<uint8_t>(kind);
  reply.size = kind == EFileKind::kFile ? static_cast<uint64_t>(status.st_size) : 0;
  reply.modified = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return reply;
}

}  // namespace switchboard
