# Programs and paths for the Makefile of a package's netsim directory.

ifeq ($(strip $(NCS_DIR)),)
  $(error NCS_DIR is not set; read the file ncsrc of the installation first: . DIR/ncsrc)
endif

CONFD_DIR ?= $(NCS_DIR)/netsim/confd
CONFD     ?= $(CONFD_DIR)/bin/confd
CONFDC    ?= $(CONFD_DIR)/bin/confdc
PYANG     ?= pyang
