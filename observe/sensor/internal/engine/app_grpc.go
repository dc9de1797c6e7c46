package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire/http"
)

// grpc fills in what a call of gRPC says beside HTTP/2: the path is /service/method, and how it ended stands in the
// trailers (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func (a *exchanges) grpc(e *event.HTTP, x *http.Transaction) {
	const media = "application/grpc"
	kind := x.Request.Get(http.ContentType)
	if len(kind) == 0 {
		kind = x.Response.Get(http.ContentType)
	}
	if len(kind) < len(media) || string(kind[:len(media)]) != media {
		return
	}
	if service, method, ok := bytes.Cut(bytes.TrimPrefix(x.Request.Target, []byte("/")), []byte("/")); ok {
		e.GRPCService, e.GRPCMethod = event.View(service), event.View(method)
	}
	e.GRPCStatus = grpcStatus(x.Response.Find("grpc-status"))
}

// grpcStatus is the name of a status code (google.rpc.Code).
func grpcStatus(v []byte) string {
	names := [...]string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL",
		"UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' || n > 99 {
			return event.View(v)
		}
		n = n*10 + int(c-'0')
	}
	if len(v) == 0 || n >= len(names) {
		return event.View(v)
	}
	return names[n]
}
