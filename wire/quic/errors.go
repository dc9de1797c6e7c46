package quic

import (
	"strconv"

	"bulwark/wire/tls"
)

// ErrorName names the error that closed a connection (RFC 9000 §20.1). An alert of TLS is named after it.
func ErrorName(code uint64) string {
	const alert = 0x100 // CRYPTO_ERROR, and the alert in the lowest byte (RFC 9001 §4.8)
	if code >= alert && code < 2*alert {
		return "crypto_error " + tls.AlertDescription(code-alert).String()
	}
	names := [...]string{"no_error", "internal_error", "connection_refused", "flow_control_error", "stream_limit_error",
		"stream_state_error", "final_size_error", "frame_encoding_error", "transport_parameter_error",
		"connection_id_limit_error", "protocol_violation", "invalid_token", "application_error", "crypto_buffer_exceeded",
		"key_update_error", "aead_limit_reached", "no_viable_path", "version_negotiation_error"}
	if code < uint64(len(names)) {
		return names[code]
	}
	return "0x" + strconv.FormatUint(code, 16)
}
