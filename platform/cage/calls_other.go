//go:build !amd64 && !arm64

package cage

const auditArch = 0

var archPlain = []uintptr{}
