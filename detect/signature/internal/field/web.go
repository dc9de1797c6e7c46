package field

// http are the fields of HTTP, of all versions.
func http() []Field {
	f := family{app: "http"}
	f.old(toServer, "http.uri", "http_uri")
	f.old(toServer, "http.uri.raw", "http_raw_uri")
	f.old(toServer, "http.method", "http_method")
	f.bytes(toServer, "http.request_line", "http_request_line")
	f.bytes(toClient, "http.response_line", "http_response_line")
	f.old(toServer, "http.request_body", "http_client_body")
	f.old(toClient, "http.response_body", "http_server_body")
	f.old(either, "http.header", "http_header")
	f.old(either, "http.header.raw", "http_raw_header")
	f.bytes(either, "http.header_names", "http_header_names")
	f.many(toServer, "http.request_header", "http_request_header")
	f.many(toClient, "http.response_header", "http_response_header")
	f.old(either, "http.cookie", "http_cookie")
	f.old(toServer, "http.user_agent", "http_user_agent")
	f.old(toServer, "http.host", "http_host")
	f.lower()
	f.old(toServer, "http.host.raw", "http_raw_host")
	f.bytes(toServer, "http.accept", "http_accept")
	f.bytes(toServer, "http.accept_lang", "http_accept_lang")
	f.bytes(toServer, "http.accept_enc", "http_accept_enc")
	f.bytes(toServer, "http.referer", "http_referer")
	f.bytes(either, "http.connection", "http_connection")
	f.bytes(either, "http.content_type", "http_content_type")
	f.bytes(either, "http.content_len", "http_content_len")
	f.bytes(toClient, "http.location", "http_location")
	f.bytes(toClient, "http.server", "http_server")
	f.bytes(either, "http.start", "http_start")
	f.bytes(either, "http.protocol", "http_protocol")
	f.old(toClient, "http.stat_code", "http_stat_code")
	f.old(toClient, "http.stat_msg", "http_stat_msg")
	return f.fields
}

// http2 are the fields of HTTP/2 alone.
func http2() []Field {
	f := family{app: "http2"}
	f.numbers(either, 8, count(0, "data", "headers", "priority", "rst_stream", "settings", "push_promise", "ping", "goaway",
		"window_update", "continuation"), "http2.frametype")
	f.numbers(either, 32, count(0, "no_error", "protocol_error", "internal_error", "flow_control_error", "settings_timeout",
		"stream_closed", "frame_size_error", "refused_stream", "cancel", "compression_error", "connect_error", "enhance_your_calm",
		"inadequate_security", "http_1_1_required"), "http2.errorcode")
	f.numbers(either, 8, nil, "http2.priority")
	f.numbers(either, 32, nil, "http2.window")
	f.numbers(either, 64, nil, "http2.size_update")
	f.numbers(either, 32, nil, "http2.settings")
	f.many(either, "http2.header_name")
	f.many(either, "http2.header")
	return f.fields
}

// HTTP2Settings are the names of the settings of HTTP/2 (RFC 9113 section 6.5.2).
func HTTP2Settings() map[string]uint64 {
	return count(1, "settings_header_table_size", "settings_enable_push", "settings_max_concurrent_streams", "settings_initial_window_size",
		"settings_max_frame_size", "settings_max_header_list_size", "", "settings_enable_connect_protocol", "settings_no_rfc7540_priorities")
}

func websocket() []Field {
	f := family{app: "websocket"}
	f.bytes(either, "websocket.payload")
	f.flags(either, 8, map[string]uint64{"fin": 0x80, "comp": 0x40}, "websocket.flags")
	f.number(either, 32, nil, "websocket.mask")
	f.number(either, 8, map[string]uint64{"continuation": 0, "text": 1, "binary": 2, "connection_close": 8, "close": 8, "ping": 9, "pong": 10},
		"websocket.opcode")
	return f.fields
}

func quic() []Field {
	f := family{app: "quic"}
	f.bytes(toServer, "quic.sni")
	f.bytes(toServer, "quic.ua")
	f.bytes(either, "quic.version")
	f.many(toServer, "quic.cyu.hash")
	f.many(toServer, "quic.cyu.string")
	return f.fields
}
