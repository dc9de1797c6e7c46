package engine

// streamProtocols are the stream protocols in the order in which they are asked.
func streamProtocols() []protocol { return nil }

// datagramProtocols are the datagram protocols in the order in which they are asked.
func datagramProtocols() []datagram { return nil }
