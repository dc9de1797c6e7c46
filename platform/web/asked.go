package web

import (
	"net/http"
	"net/netip"
	"strconv"
)

// Number is the number that stands in the path of r under a name; 0, which nothing has, where none that fits 63 bits does.
func Number(r *http.Request, name string) uint64 {
	n, err := strconv.ParseUint(r.PathValue(name), 10, 63)
	if err != nil {
		return 0
	}
	return n
}

// Peer is the address that asks, without port and zone; "" where it is not known.
func Peer(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return a.Addr().Unmap().WithZone("").String()
}
