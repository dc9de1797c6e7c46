package event

// HTTP is one request with its response, as far as they were seen. URLs never carry a patient identifier in clear.
type HTTP struct {
	Method          string   // method of the request
	Host            string   // the host asked for, without port
	URL             string   // path and query as sent, patient identifiers replaced
	Version         string   // HTTP/1.1
	UserAgent       string   // who asks, by his own word
	Referrer        string   // the page that led here
	Status          uint64   // status code; 0 when no response was seen
	ContentType     string   // of the response
	Length          uint64   // bytes of the response's body
	RequestLength   uint64   // bytes of the request's body
	Location        string   // where a redirection points
	Server          string   // the Server header
	XFF             string   // X-Forwarded-For
	AuthScheme      string   // Basic, Bearer...: never the secret
	RequestType     string   // content type of the request
	Latency         uint64   // nanoseconds from the request to its response
	Port            uint64   // port in the Host header, when there is one
	TxID            uint64   // place of the request in its connection, from 1
	Reason          string   // status as sent, where it is no number
	Range           string   // the Content-Range header; when captures are read
	RequestHeaders  []string // fields of the head as "Name: value", patients and secrets replaced; when captures are read
	ResponseHeaders []string // fields of the response's head, likewise

	StreamID         uint64   // of HTTP/2: number of the stream
	RequestReset     string   // of HTTP/2: error code with which the client ended the stream, or the connection
	ResponseReset    string   // likewise of the server
	RequestPriority  uint64   // of HTTP/2: priority of the stream by the client's word, and one; 0: none told
	ResponsePriority uint64   // likewise of the server
	RequestSettings  []string // of HTTP/2: what the client set, as "HEADER_TABLE_SIZE=4096"; in a record of its own, when EVE is written
	ResponseSettings []string // likewise of the server
	GRPCService      string   // of gRPC: the service called
	GRPCMethod       string   // of gRPC: its method
	GRPCStatus       string   // of gRPC: how it ended: OK, UNAVAILABLE...
	DNS              bool     // it carried messages of DNS (RFC 8484), which are told as such
}

func (*HTTP) Kind() Kind { return KindHTTP }
func (p *HTTP) fields(c *coder) {
	c.str(1, "http_request.http_method", &p.Method)
	c.str(2, "http_request.url.hostname", &p.Host)
	c.str(3, "http_request.url.path", &p.URL)
	c.str(4, "http_request.version", &p.Version)
	c.str(5, "http_request.user_agent", &p.UserAgent)
	c.str(6, "http_request.referrer", &p.Referrer)
	c.num(7, "http_response.code", &p.Status)
	c.str(8, "http_response.content_type", &p.ContentType)
	c.num(9, "http_response.body_length", &p.Length)
	c.num(10, "http_request.body_length", &p.RequestLength)
	c.str(11, "http_response.location", &p.Location)
	c.str(12, "http_response.server", &p.Server)
	c.str(13, "http_request.x_forwarded_for", &p.XFF)
	c.str(14, "http_request.auth_scheme", &p.AuthScheme)
	c.str(15, "http_request.content_type", &p.RequestType)
	c.num(16, "response_time", &p.Latency)
	c.num(17, "http_request.url.port", &p.Port)
	c.num(18, "http_request.uid", &p.TxID)
	c.str(19, "http_response.status", &p.Reason)
	c.strs(20, "http_request.http_headers", &p.RequestHeaders)
	c.strs(21, "http_response.http_headers", &p.ResponseHeaders)
	c.str(22, "http_response.content_range", &p.Range)
	c.num(23, "http.stream_id", &p.StreamID)
	c.str(24, "http_request.reset", &p.RequestReset)
	c.str(25, "http_response.reset", &p.ResponseReset)
	c.zero(26, "http_request.priority", &p.RequestPriority)
	c.zero(27, "http_response.priority", &p.ResponsePriority)
	c.strs(28, "http_request.settings", &p.RequestSettings)
	c.strs(29, "http_response.settings", &p.ResponseSettings)
	c.str(30, "grpc.service", &p.GRPCService)
	c.str(31, "grpc.method", &p.GRPCMethod)
	c.str(32, "grpc.status", &p.GRPCStatus)
	c.truth(33, "http_request.is_dns", &p.DNS)
}
