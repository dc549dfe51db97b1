// The API's page: Swagger UI reads our own description; nothing comes from another host.
"use strict";

const place = document.getElementById("swagger");

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  persistAuthorization: false, // a token in local storage would outlive the page
  validatorUrl: null, // the validator is another host
});
