# An Asterisk box with the shipped dialplan and manager rights. Build from the project's root.
# ASTERISK_IMAGE: a Debian whose packages include Asterisk 22, hence sid: no stable release has it.
ARG ASTERISK_IMAGE=debian:sid-slim

FROM ${ASTERISK_IMAGE}
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        asterisk asterisk-core-sounds-en-gsm asterisk-moh-opsound-gsm && \
    rm -rf /var/lib/apt/lists/*
# Of the packages' many sample files only those stay without which Asterisk's core complains.
RUN cd /etc/asterisk && \
    find . -type f ! -name acl.conf ! -name ccss.conf ! -name cdr.conf ! -name cel.conf \
        ! -name features.conf ! -name indications.conf ! -name pjproject.conf ! -name udptl.conf \
        -delete && \
    install -d -o asterisk -g asterisk /run/asterisk /etc/asterisk/box /var/lib/box
COPY docker/asterisk/etc/ /etc/asterisk/
COPY ami_adapter/dialplan/gvq.conf ami_adapter/dialplan/manager.conf /etc/asterisk/gvq/
COPY docker/asterisk/start-box /usr/local/bin/
USER asterisk
VOLUME /var/lib/box
EXPOSE 5060/udp 10000-10099/udp
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD \
    ["asterisk", "-rx", "core waitfullybooted"]
CMD ["start-box"]
