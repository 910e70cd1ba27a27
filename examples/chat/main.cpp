#include "CChatLogic.h"

int main(int argc, char** argv) { return switchboard::RunServer<CChatLogic>(argc, argv); }
