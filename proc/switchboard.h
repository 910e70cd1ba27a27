// All that a server of your own needs: derive from CLogic, register handlers, hand the class to RunServer.
#pragma once

#include "logic/CHttpRequest.h"
#include "logic/CLogic.h"
#include "logic/CRequest.h"
#include "logic/transfer/CFileTransfer.h"
#include "proc/server/RunServer.h"
