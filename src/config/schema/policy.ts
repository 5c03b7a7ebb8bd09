/** `policy`: where policy objects are written. */
import { z } from "zod";
import { filePath } from "./values.ts";

export const policy = z
  .strictObject({
    files: z
      .array(filePath)
      .max(1000)
      .default([])
      .describe("YAML files of Role, ClusterRole, RoleBinding and ClusterRoleBinding objects; watched."),
  })
  .prefault({});
