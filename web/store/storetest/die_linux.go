package storetest

import "syscall"

// dieWithTest ends the server when the test's process is gone, however it ended.
func dieWithTest(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
