package field

import "bulwark/wire"

// http are the fields of HTTP, of both versions.
func http() []Field {
	const c, s, e = wire.ToClient, wire.ToServer, wire.Either
	return []Field{
		{Name: "http.uri", Old: []string{"http_uri"}, App: "http", Dir: s},
		{Name: "http.uri.raw", Old: []string{"http_raw_uri"}, App: "http", Dir: s},
		{Name: "http.method", Old: []string{"http_method"}, App: "http", Dir: s},
		{Name: "http.request_line", Sticky: []string{"http_request_line"}, App: "http", Dir: s},
		{Name: "http.response_line", Sticky: []string{"http_response_line"}, App: "http", Dir: c},
		{Name: "http.request_body", Old: []string{"http_client_body"}, App: "http", Dir: s},
		{Name: "http.response_body", Old: []string{"http_server_body"}, App: "http", Dir: c},
		{Name: "http.header", Old: []string{"http_header"}, App: "http", Dir: e},
		{Name: "http.header.raw", Old: []string{"http_raw_header"}, App: "http", Dir: e},
		{Name: "http.header_names", Sticky: []string{"http_header_names"}, App: "http", Dir: e},
		{Name: "http.request_header", App: "http", Dir: s, Kind: Many},
		{Name: "http.response_header", App: "http", Dir: c, Kind: Many},
		{Name: "http.cookie", Old: []string{"http_cookie"}, App: "http", Dir: e},
		{Name: "http.user_agent", Old: []string{"http_user_agent"}, App: "http", Dir: s},
		{Name: "http.host", Old: []string{"http_host"}, App: "http", Dir: s, Folds: true},
		{Name: "http.host.raw", Old: []string{"http_raw_host"}, App: "http", Dir: s},
		{Name: "http.accept", Sticky: []string{"http_accept"}, App: "http", Dir: s},
		{Name: "http.accept_lang", Sticky: []string{"http_accept_lang"}, App: "http", Dir: s},
		{Name: "http.accept_enc", Sticky: []string{"http_accept_enc"}, App: "http", Dir: s},
		{Name: "http.referer", Sticky: []string{"http_referer"}, App: "http", Dir: s},
		{Name: "http.connection", Sticky: []string{"http_connection"}, App: "http", Dir: e},
		{Name: "http.content_type", Sticky: []string{"http_content_type"}, App: "http", Dir: e},
		{Name: "http.content_len", Sticky: []string{"http_content_len"}, App: "http", Dir: e},
		{Name: "http.location", Sticky: []string{"http_location"}, App: "http", Dir: c},
		{Name: "http.server", Sticky: []string{"http_server"}, App: "http", Dir: c},
		{Name: "http.start", Sticky: []string{"http_start"}, App: "http", Dir: e},
		{Name: "http.protocol", Sticky: []string{"http_protocol"}, App: "http", Dir: e},
		{Name: "http.stat_code", Old: []string{"http_stat_code"}, App: "http", Dir: c},
		{Name: "http.stat_msg", Old: []string{"http_stat_msg"}, App: "http", Dir: c},
	}
}
