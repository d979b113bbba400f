package cpu

import "golang.org/x/sys/unix"

// allowAMX asks Linux to let the process use tiles, whose state of 8 KiB each thread then has to be given room for. It is asked once, when
// the program starts; a kernel that does not know the request refuses it.
func allowAMX() bool {
	const requestState, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, err := unix.RawSyscall(unix.SYS_ARCH_PRCTL, requestState, tileData, 0)
	return err == 0
}
