package badlink

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Plug makes a TUN interface in the network namespace of the calling thread; it is
// gone when the file is closed. It needs root.
func Plug(name string) (*os.File, error) {
	const device = "/dev/net/tun"
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, fmt.Errorf("badlink: an interface cannot be named %q: %w", name, err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("badlink: open %s: %w", device, err)
	}
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("badlink: make the interface %s: %w", name, err)
	}
	// Only now: what has no interface yet cannot be waited for.
	return os.NewFile(uintptr(fd), device), nil
}
